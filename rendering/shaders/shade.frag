// Colour and every map of the surface that each pixel shows. Colour is written where COLOUR is its attachment's place.
#include "blocks.glsl"
#include "display.glsl"
#include "packing.glsl"

uniform usampler2D surface;
uniform usamplerBuffer objects;   // the object blocks of all
#ifdef FINISH
uniform usampler2D finish;
#endif

#include "maps.glsl"
#ifdef COLOUR
layout(location = COLOUR) out vec4 colour_out;
#include "light.glsl"
#endif

// Four numbers of an object's block; their places follow from `blocks.glsl`.
uvec4 looked_up(uint who, int place) {
    return texelFetch(objects, int(who - 1u) * 16 + place);
}

vec3 transformed(uint who, int place, vec3 point) {
    vec4 from = vec4(point, 1.0);
    return vec3(
        dot(uintBitsToFloat(looked_up(who, place)), from), dot(uintBitsToFloat(looked_up(who, place + 1)), from),
        dot(uintBitsToFloat(looked_up(who, place + 2)), from)
    );
}

void main() {
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    uvec4 packed_one = texelFetch(surface, pixel, 0);
    Surface seen = unpacked_surface(packed_one);
    vec2 place = gl_FragCoord.xy * (1.0 / float(SUPERSAMPLE));
    vec3 position = seen.depth * (pixel_to_ray * vec4(place, 1.0, 0.0));
#ifdef COLOUR
    vec3 geometric = seen.normal;
#ifdef FINISH
    Finish found = unpacked_finish(texelFetch(finish, pixel, 0));
    vec3 light = lit(position, geometric, found.normal, seen.base, found.rough, found.metal) + found.emitted;
#else
    vec2 constants = uintBitsToFloat(looked_up(seen.number, 14).xy);
    vec3 light = lit(position, geometric, geometric, seen.base, constants.x, constants.y);
#endif
#ifdef FOG
    light = mix(fog.rgb, light, exp(-fog.w * length(position)));
#endif
    colour_out = stored(light);
#endif
#ifdef SEMANTIC
    semantic_out = looked_up(seen.number, 15).z;
#endif
#ifdef INSTANCE
    instance_out = looked_up(seen.number, 15).w;
#endif
#ifdef DEPTH
    depth_out = seen.depth;
#endif
#ifdef NORMAL
    normal_out = uvec4(packed_normal_code(packed_one), 1u);
#endif
#ifdef COORDINATES
    vec3 within = clamp(transformed(seen.number, 6, position), 0.0, 1.0);
    coordinates_out = uvec4(ivec3(within * 65534.0 + 1.5), 1) * looked_up(seen.number, 14).z;
#endif
#ifdef FLOW
    vec3 later = transformed(seen.number, 9, position);
    vec3 ends = next_intrinsics * vec4(later, 0.0);
    vec2 moved = ends.xy / ends.z - place;
    bool known = later.z > 0.0 && max(abs(moved.x), abs(moved.y)) < 511.0;
    flow_out = known ? uvec4(ivec2(moved * 64.0 + 32768.5), 1, 1) : uvec4(0u);
#endif
}
