// From sub-samples to pixels: colours are averaged in linear light.
#include "blocks.glsl"
#include "display.glsl"

uniform sampler2D sub_colour;

layout(location = 0) out vec4 colour;

void main() {
    ivec2 corner = SUPERSAMPLE * ivec2(gl_FragCoord.xy);
    vec3 sum = vec3(0.0);
    for (int y = 0; y < SUPERSAMPLE; ++y) {
        for (int x = 0; x < SUPERSAMPLE; ++x) sum += texelFetch(sub_colour, corner + ivec2(x, y), 0).rgb;
    }
    colour = stored(sum / float(SUPERSAMPLE * SUPERSAMPLE));
}
