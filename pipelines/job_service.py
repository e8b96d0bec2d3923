"""Beam's own job service as a program, with as many workers as a job asks for: `python -m pipelines.job_service PORT`.

Beam's version of the program reads `direct_num_workers` and then starts one worker whatever it says.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

from apache_beam.options.pipeline_options import DirectOptions
from apache_beam.portability.api import beam_job_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.local_job_service import BeamJob, LocalJobServicer


class _ParallelJob(BeamJob):
    def _invoke_runner(self) -> Any:
        self.set_state(beam_job_api_pb2.JobState.RUNNING)
        options = self.pipeline_options()
        runner = FnApiRunner(provision_info=self._provision_info)
        runner._num_workers = int(options.view_as(DirectOptions).direct_num_workers)
        return runner.run_via_runner_api(self._pipeline_proto, options)


def main(port: int) -> None:
    """Serve until standard input ends, as it does when the parent is gone."""
    logging.basicConfig(level=logging.WARNING)
    LocalJobServicer(beam_job_type=_ParallelJob).start_grpc_server(port)
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
