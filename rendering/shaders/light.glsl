// The light that a surface sends to the camera.
#ifdef SHADOWS
uniform sampler2DShadow shadow_map;
#endif
#ifdef ENVIRONMENT
uniform sampler3D reflections;
#include "equirectangular.glsl"
#endif

// Below this a mirror's highlight is smaller than a pixel and turns into flicker.
const float SMOOTHEST = 0.05;
// Share of light that a dielectric reflects head-on (glTF 2.0, appendix B.2.1).
const float DIELECTRIC = 0.04;

#ifdef ENVIRONMENT
// Ramamoorthi and Hanrahan, "An efficient representation for irradiance environment maps", SIGGRAPH 2001.
vec3 ambient(vec3 direction) {
    vec3 d = mat3(camera_to_environment) * direction;
    vec3 light = irradiance[0].rgb + irradiance[1].rgb * d.y + irradiance[2].rgb * d.z + irradiance[3].rgb * d.x;
    light += irradiance[4].rgb * (d.x * d.y) + irradiance[5].rgb * (d.y * d.z);
    light += irradiance[6].rgb * (3.0 * d.z * d.z - 1.0) + irradiance[7].rgb * (d.x * d.z);
    return max(light + irradiance[8].rgb * (d.x * d.x - d.y * d.y), 0.0);
}

vec3 mirrored_light(vec3 direction, float rough) {
    vec2 place = equirectangular(mat3(camera_to_environment) * direction);
    float levels = float(textureSize(reflections, 0).z);
    return textureLod(reflections, vec3(place, (rough * (levels - 1.0) + 0.5) / levels), 0.0).rgb * up.w;
}
#else
// Light from all sides towards a unit direction.
vec3 ambient(vec3 direction) {
    return mix(ground_colour.rgb, sky_colour.rgb, 0.5 + 0.5 * dot(direction, up.xyz));
}

vec3 mirrored_light(vec3 direction, float rough) {
    return ambient(direction);
}
#endif

// Distribution of microfacets times visibility, GGX: Walter et al., "Microfacet models for refraction through rough
// surfaces", EGSR 2007; height-correlated Smith term: Heitz, "Understanding the masking-shadowing function", JCGT 2014.
// Multiplied by pi, since light is measured by the brightness of a white matt surface.
float highlight(float n_h, float n_l, float n_v, float alpha) {
    float squared = alpha * alpha;
    float spread = n_h * n_h * (squared - 1.0) + 1.0;
    float seen = n_l * sqrt(n_v * n_v * (1.0 - squared) + squared);
    float lit = n_v * sqrt(n_l * n_l * (1.0 - squared) + squared);
    return 0.5 * squared / (spread * spread * max(seen + lit, 1e-5));
}

// Schlick, "An inexpensive BRDF model for physically-based rendering", 1994.
vec3 fresnel(vec3 head_on, float cosine) {
    float off = 1.0 - cosine;
    float squared = off * off;
    return head_on + (1.0 - head_on) * (squared * squared * off);
}

// What a surface mirrors of even light from all sides, as scale and offset of its head-on reflectance:
// Karis, "Physically based shading on mobile", 2014.
vec3 mirrored_share(vec3 head_on, float rough, float n_v) {
    vec4 r = rough * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
    float falloff = min(r.x * r.x, exp2(-9.28 * n_v)) * r.x + r.y;
    vec2 scale_offset = vec2(-1.04, 1.04) * falloff + r.zw;
    return head_on * scale_offset.x + scale_offset.y;
}

// Light from one unit direction l, for a light of strength 1.
vec3 reflected(vec3 matt, vec3 head_on, float rough, vec3 n, vec3 v, vec3 l, float n_v) {
    vec3 h = normalize(l + v);
    float n_l = max(dot(n, l), 0.0);
    vec3 mirrored = fresnel(head_on, max(dot(v, h), 0.0));
    float shine = highlight(max(dot(n, h), 0.0), n_l, n_v, rough * rough);
    return (matt * (1.0 - mirrored) + mirrored * shine) * n_l;
}

#ifdef SHADOWS
#if SUPERSAMPLE > 1
#define SHADOW_TAPS 2
#else
#define SHADOW_TAPS 4
#endif

// Share of the sun that arrives: percentage-closer filtering, Reeves et al., SIGGRAPH 1987. The geometric normal n
// moves the point off its own surface.
float sunlit(vec3 position, vec3 n) {
    vec3 place = (camera_to_shadow * vec4(position + n * shadow.y, 1.0)).xyz;
    place.z = min(place.z, 1.0);  // what lies behind everything that casts shadows
    // The sub-samples of a pixel take turns: all together look at a grid that is evenly spaced.
    vec2 turn = vec2(ivec2(gl_FragCoord.xy) % SUPERSAMPLE);
    float sum = 0.0;
    for (int y = 0; y < SHADOW_TAPS; ++y) {
        for (int x = 0; x < SHADOW_TAPS; ++x) {
            vec2 share = (turn + SUPERSAMPLE * vec2(x, y)) / (SUPERSAMPLE * SHADOW_TAPS - 1.0);
            sum += texture(shadow_map, vec3(place.xy + (2.0 * share - 1.0) * shadow.x, place.z));
        }
    }
    return sum / float(SHADOW_TAPS * SHADOW_TAPS);
}
#endif

// Light from a point of unit normal n; the mesh's own normal decides on shadows.
vec3 lit(vec3 position, vec3 geometric, vec3 n, vec3 base, float rough, float metal) {
    rough = max(rough, SMOOTHEST);
    vec3 v = normalize(-position);
    float n_v = max(dot(n, v), 1e-3);
    vec3 matt = base * (1.0 - metal);
    vec3 head_on = mix(vec3(DIELECTRIC), base, metal);

    vec3 sun = sun_colour.rgb;
#ifdef SHADOWS
    sun *= sunlit(position, geometric);
#endif
    vec3 light = reflected(matt, head_on, rough, n, v, sun_direction.xyz, n_v) * sun;
#ifdef LAMPS
    for (int i = 0; i < LAMPS; ++i) {
        vec3 towards = lamp_position[i].xyz - position;
        float squared = max(dot(towards, towards), 1e-6);
        vec3 l = towards * inversesqrt(squared);
        light += reflected(matt, head_on, rough, n, v, l, n_v) * lamp_colour[i].rgb / squared;
    }
#endif
    light += matt * ambient(n) + mirrored_share(head_on, rough, n_v) * mirrored_light(reflect(-v, n), rough);
    return light;
}
