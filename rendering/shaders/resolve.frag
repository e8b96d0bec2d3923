// From sub-samples to pixels: colours are averaged in linear light, labels and geometry are taken at the centre.
uniform sampler2D sub_colour;
uniform usampler2D sub_labels;
uniform sampler2D sub_geometry;
uniform int supersample;      // sub-samples a pixel along each side, odd
uniform float canary;         // comes back in alpha when this pass really ran

layout(location = 0) out vec4 colour;
layout(location = 1) out uvec2 labels;
layout(location = 2) out vec4 geometry;

void main() {
    ivec2 corner = supersample * ivec2(gl_FragCoord.xy);
    vec3 sum = vec3(0.0);
    for (int y = 0; y < supersample; ++y) {
        for (int x = 0; x < supersample; ++x) sum += texelFetch(sub_colour, corner + ivec2(x, y), 0).rgb;
    }
    ivec2 centre = corner + supersample / 2;
    colour = vec4(sum / float(supersample * supersample), canary);
    labels = texelFetch(sub_labels, centre, 0).rg;
    geometry = texelFetch(sub_geometry, centre, 0);
}
