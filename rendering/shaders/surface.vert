// A mesh's vertex into camera axes (x right, y down, z forward, metres) and on to the window.
#include "blocks.glsl"

layout(location = 0) in vec3 vertex;
layout(location = 1) in vec3 vertex_normal;
layout(location = 2) in vec2 vertex_uv;
layout(location = 3) in vec4 vertex_colour;

#ifdef SURFACE
out vec3 normal;
#endif
#ifdef NORMAL_TEXTURE
out vec3 position;
#endif
#ifdef TEXTURED
out vec2 uv;
#endif
#ifdef VERTEX_COLOURS
out vec4 tint;
#endif

void main() {
    vec3 in_camera = model_to_camera * vec4(vertex, 1.0);
#ifdef SURFACE
    normal = mat3(normal_to_camera) * vertex_normal;
#endif
#ifdef NORMAL_TEXTURE
    position = in_camera;
#endif
#ifdef TEXTURED
    uv = vertex_uv;
#endif
#ifdef VERTEX_COLOURS
    tint = vertex_colour;
#endif
#ifdef SHADOW_MAP
    gl_Position = camera_to_shadow * vec4(in_camera, 1.0) * vec4(2.0, 2.0, 2.0, 1.0) - vec4(1.0, 1.0, 1.0, 0.0);
#else
    gl_Position = camera_to_clip * vec4(in_camera, 1.0);
#endif
}
