// The maps that are written are those that have a location: each name is the place of its attachment, or not defined.
#ifdef SEMANTIC
layout(location = SEMANTIC) out uint semantic_out;
#endif
#ifdef INSTANCE
layout(location = INSTANCE) out uint instance_out;
#endif
#ifdef DEPTH
layout(location = DEPTH) out float depth_out;
#endif
#ifdef NORMAL
layout(location = NORMAL) out uvec4 normal_out;
#endif
#ifdef COORDINATES
layout(location = COORDINATES) out uvec4 coordinates_out;
#endif
#ifdef FLOW
layout(location = FLOW) out uvec4 flow_out;
#endif
