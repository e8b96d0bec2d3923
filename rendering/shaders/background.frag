#include "blocks.glsl"
#include "display.glsl"
#include "equirectangular.glsl"

// Where no surface is: a pattern, a photograph, or the surroundings, and empty maps. PATTERN_... are places in rendering.backgrounds.PATTERNS, PATTERN is the one to paint,
// a constant, since software rasterisers run every branch that the compiler cannot remove.
uniform vec3 colours[3];
uniform float feature_px;     // size of one feature
uniform vec2 direction;       // cosine and sine of the pattern's angle
uniform float softness;
uniform uint seed;
uniform vec2 frame_px;        // width, height
uniform sampler2D picture;
uniform vec2 picture_share;   // how much of the photograph's width and height is shown
uniform mat3 pixel_to_environment;
uniform float strength;
uniform uint background_id;    // in the semantic map

#ifdef COLOUR
layout(location = COLOUR) out vec4 colour_out;
#endif
#include "maps.glsl"

// PCG hash: Jarzynski and Olano, "Hash functions for GPU rendering", JCGT 2020.
uint scramble(uint value) {
    uint state = value * 747796405u + 2891336453u;
    uint word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

// Three numbers from 0 to 1 for one cell of the plane.
vec3 dice(ivec2 cell) {
    uint first = scramble(uint(cell.x) + scramble(uint(cell.y) + scramble(seed)));
    uint second = scramble(first);
    return vec3(first >> 8u, second >> 8u, scramble(second) >> 8u) / 16777216.0;
}

// A step from 0 to 1 around 0 whose width follows the softness.
float edge(float signed_distance) {
    float width = 0.02 + 0.5 * softness;
    return smoothstep(-width, width, signed_distance);
}

float value_noise(vec2 place) {
    ivec2 cell = ivec2(floor(place));
    vec2 t = smoothstep(0.0, 1.0, fract(place));
    float bottom = mix(dice(cell).x, dice(cell + ivec2(1, 0)).x, t.x);
    float top = mix(dice(cell + ivec2(0, 1)).x, dice(cell + ivec2(1, 1)).x, t.x);
    return mix(bottom, top, t.y);
}

vec3 blobs(vec2 place) {
    ivec2 home = ivec2(floor(place));
    vec3 shown = colours[0];
    for (int y = -1; y <= 1; ++y) {
        for (int x = -1; x <= 1; ++x) {
            vec3 thrown = dice(home + ivec2(x, y));
            vec2 centre = vec2(home + ivec2(x, y)) + thrown.xy;
            float inside = edge(0.2 + 0.3 * thrown.z - distance(place, centre));
            shown = mix(shown, thrown.z < 0.5 ? colours[1] : colours[2], inside);
        }
    }
    return shown;
}

// Worley, "A cellular texture basis function", SIGGRAPH 1996.
vec3 cells(vec2 place) {
    ivec2 home = ivec2(floor(place));
    float nearest = 1e9;
    float shade = 0.0;
    for (int y = -1; y <= 1; ++y) {
        for (int x = -1; x <= 1; ++x) {
            vec3 thrown = dice(home + ivec2(x, y));
            float away = distance(place, vec2(home + ivec2(x, y)) + thrown.xy);
            shade = away < nearest ? thrown.z : shade;
            nearest = min(nearest, away);
        }
    }
    return mix(mix(colours[0], colours[1], shade), colours[2], softness * nearest);
}

vec3 noise(vec2 place) {
    float coarse = value_noise(place) + 0.5 * value_noise(2.0 * place + 17.0) + 0.25 * value_noise(4.0 * place + 43.0);
    float fine = value_noise(place + 71.0);
    return mix(mix(colours[0], colours[1], coarse / 1.75), colours[2], 0.5 * fine);
}

vec3 paint(vec2 place, vec2 across) {
    if (PATTERN == PATTERN_PLAIN) return colours[0];
    if (PATTERN == PATTERN_GRADIENT) return mix(colours[0], colours[1], smoothstep(-0.5, 0.5, across.x));
    if (PATTERN == PATTERN_STRIPES) return mix(colours[0], colours[1], edge(sin(3.14159265 * place.x) / 3.14159265));
    if (PATTERN == PATTERN_CHECKER) {
        vec2 wave = sin(3.14159265 * place) / 3.14159265;
        return mix(colours[0], colours[1], edge(wave.x * wave.y * 3.14159265));
    }
    if (PATTERN == PATTERN_BLOBS) return blobs(place);
    if (PATTERN == PATTERN_NOISE) return noise(place);
    return cells(place);
}

vec3 behind() {
    if (PATTERN == PATTERN_PICTURE) {
        vec2 place = 0.5 + picture_share * (gl_FragCoord.xy / frame_px - 0.5);
        return texture(picture, place).rgb;
    }
    if (PATTERN == PATTERN_SURROUNDINGS) {
        vec2 place = equirectangular(pixel_to_environment * vec3(gl_FragCoord.xy, 1.0));
        return strength * textureLod(picture, place, 0.0).rgb;
    }
    vec2 centred = gl_FragCoord.xy - 0.5 * frame_px;
    vec2 turned = vec2(dot(centred, vec2(direction.x, -direction.y)), dot(centred, direction.yx));
    // The seed also moves the pattern, so that regular ones do not always meet the frame alike.
    vec2 shift = 16.0 * dice(ivec2(0)).xy;
    return paint(turned / feature_px + shift, turned / frame_px.y);
}

void main() {
#ifdef COLOUR
    colour_out = stored(behind());
#endif
    // No surface.
#ifdef SEMANTIC
    semantic_out = background_id;
#endif
#ifdef INSTANCE
    instance_out = 0u;
#endif
#ifdef DEPTH
    depth_out = uintBitsToFloat(0x7f800000u);  // infinite
#endif
#ifdef NORMAL
    normal_out = uvec4(0u);
#endif
#ifdef COORDINATES
    coordinates_out = uvec4(0u);
#endif
#ifdef FLOW
    flow_out = uvec4(0u);
#endif
}
