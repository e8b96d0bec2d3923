// Colour and every annotation of a surface in one pass.
uniform vec3 base_colour;
uniform float roughness;
uniform float metallic;
uniform uvec2 ids;            // semantic, instance
uniform vec3 sun_direction;   // towards the sun, camera axes, unit
uniform vec3 sun_colour;
uniform vec3 up;              // world +y in camera axes, unit
uniform vec3 sky_colour;
uniform vec3 ground_colour;

in vec3 position;
in vec3 normal;

layout(location = 0) out vec4 colour;
layout(location = 1) out uvec2 labels;
layout(location = 2) out vec4 geometry;

// Below this a mirror's highlight is smaller than a pixel and turns into flicker.
const float SMOOTHEST = 0.05;
// Share of light that a dielectric reflects head-on (glTF 2.0, appendix B.2.1).
const float DIELECTRIC = 0.04;

// Light from all sides towards a unit direction.
vec3 ambient(vec3 direction) {
    return mix(ground_colour, sky_colour, 0.5 + 0.5 * dot(direction, up));
}

// Distribution of microfacets times visibility, GGX: Walter et al., "Microfacet models for refraction through rough
// surfaces", EGSR 2007; height-correlated Smith term: Heitz, "Understanding the masking-shadowing function", JCGT 2014.
// Multiplied by pi, since light is measured by the brightness of a white matt surface.
float highlight(float n_h, float n_l, float n_v, float alpha) {
    float squared = alpha * alpha;
    float spread = n_h * n_h * (squared - 1.0) + 1.0;
    float seen = n_l * sqrt(n_v * n_v * (1.0 - squared) + squared);
    float lit = n_v * sqrt(n_l * n_l * (1.0 - squared) + squared);
    return squared / (spread * spread) * 0.5 / max(seen + lit, 1e-5);
}

// Schlick, "An inexpensive BRDF model for physically-based rendering", 1994.
vec3 fresnel(vec3 head_on, float cosine) {
    return head_on + (1.0 - head_on) * pow(1.0 - cosine, 5.0);
}

// What a surface mirrors of even light from all sides, as scale and offset of its head-on reflectance:
// Karis, "Physically based shading on mobile", 2014.
vec3 mirrored_share(vec3 head_on, float rough, float n_v) {
    vec4 r = rough * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float falloff = min(r.x * r.x, exp2(-9.28 * n_v)) * r.x + r.y;
    vec2 scale_offset = vec2(-1.04, 1.04) * falloff + r.zw;
    return head_on * scale_offset.x + scale_offset.y;
}

void main() {
    vec3 n = normalize(normal);
    vec3 v = normalize(-position);
    vec3 h = normalize(sun_direction + v);
    float n_l = max(dot(n, sun_direction), 0.0);
    float n_v = max(dot(n, v), 1e-3);
    float rough = max(roughness, SMOOTHEST);

    vec3 matt = base_colour * (1.0 - metallic);
    vec3 head_on = mix(vec3(DIELECTRIC), base_colour, metallic);
    vec3 mirrored = fresnel(head_on, max(dot(v, h), 0.0));
    float shine = highlight(max(dot(n, h), 0.0), n_l, n_v, rough * rough);

    vec3 light = (matt * (1.0 - mirrored) + mirrored * shine) * sun_colour * n_l;
    light += matt * ambient(n) + mirrored_share(head_on, rough, n_v) * ambient(reflect(-v, n));

    colour = vec4(light, 1.0);
    labels = ids;
    geometry = vec4(n, position.z);
}
