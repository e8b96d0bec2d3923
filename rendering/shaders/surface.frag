// Colour and every annotation of a surface in one pass. What is written is what has a location: COLOUR, NUMBER, DEPTH,
// NORMAL, COORDINATES, FLOW and AMODAL are defined as the places of their attachments, or not at all.
#include "blocks.glsl"
#include "display.glsl"

#if defined(COLOUR) || defined(DEPTH)
in vec3 position;
#endif
#if defined(COLOUR) || defined(NORMAL)
in vec3 normal;
#endif
#ifdef TEXTURED
in vec2 uv;
#endif
#ifdef VERTEX_COLOURS
in vec4 tint;
#endif
#ifdef BASE_COLOUR_TEXTURE
uniform sampler2D base_colour_texture;
#endif

#ifdef NUMBER
layout(location = NUMBER) out uint number_out;
#endif
#ifdef DEPTH
layout(location = DEPTH) out float depth_out;
#endif
#ifdef NORMAL
layout(location = NORMAL) out vec4 normal_out;
#endif
#ifdef COORDINATES
in vec3 coordinates;
layout(location = COORDINATES) out vec4 coordinates_out;
#endif
#ifdef FLOW
in vec3 next_position;
layout(location = FLOW) out vec4 flow_out;
#endif
#ifdef AMODAL
layout(location = AMODAL) out uvec4 amodal_out;
#endif

// Base colour and alpha.
vec4 surface_colour() {
    vec4 found = vec4(base_colour, 1.0);
#ifdef BASE_COLOUR_TEXTURE
    found *= texture(base_colour_texture, uv);
#endif
#ifdef VERTEX_COLOURS
    found *= tint;
#endif
    return found;
}

#ifdef COLOUR
layout(location = COLOUR) out vec4 colour_out;
#include "light.glsl"
#endif

void main() {
#if defined(COLOUR) || defined(ALPHA_CUT)
    vec4 base = surface_colour();
#endif
#ifdef ALPHA_CUT
    if (base.a < alpha_cutoff) discard;
#endif
#if defined(COLOUR) || defined(NORMAL)
    vec3 n = normalize(normal);
#ifdef DOUBLE_SIDED
    n = gl_FrontFacing ? n : -n;
#endif
#endif
#ifdef COLOUR
    colour_out = stored(lit(base.rgb, n));
#endif
#ifdef NUMBER
    number_out = number;
#endif
#ifdef DEPTH
    depth_out = position.z;
#endif
#ifdef NORMAL
    normal_out = vec4(n * (32767.0 / 65535.0) + 32768.0 / 65535.0, 1.0);
#endif
#ifdef COORDINATES
    coordinates_out = vec4(clamp(coordinates, 0.0, 1.0) * (65534.0 / 65535.0) + 1.0 / 65535.0, 1.0) * is_object;
#endif
#ifdef FLOW
    vec3 pixel = next_intrinsics * vec4(next_position, 0.0);
    vec2 moved = pixel.xy / pixel.z - gl_FragCoord.xy;
    bool known = next_position.z > 0.0 && max(abs(moved.x), abs(moved.y)) < 511.0;
    flow_out = known ? vec4((moved * 64.0 + 32768.0) / 65535.0, 1.0 / 65535.0, 1.0) : vec4(0.0);
#endif
#ifdef AMODAL
    uint bit = 1u << (amodal_bit & 31u);
    amodal_out = uvec4(equal(uvec4((amodal_bit >> 5u) & 3u), uvec4(0u, 1u, 2u, 3u))) * bit;
#endif
}
