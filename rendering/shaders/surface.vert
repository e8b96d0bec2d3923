// A mesh's vertex into camera axes (x right, y down, z forward, metres) and on to the window.
uniform mat4 model_to_camera;
uniform mat3 normal_to_camera;
uniform mat4 camera_to_clip;

layout(location = 0) in vec3 vertex;
layout(location = 1) in vec3 vertex_normal;

out vec3 position;
out vec3 normal;

void main() {
    position = (model_to_camera * vec4(vertex, 1.0)).xyz;
    normal = normal_to_camera * vertex_normal;
    gl_Position = camera_to_clip * vec4(position, 1.0);
}
