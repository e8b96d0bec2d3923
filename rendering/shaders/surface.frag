// What is seen in each pixel, packed for shading.glsl to unpack: little is written here, since small triangles make
// every pixel of this pass cost several. SURFACE, FINISH and AMODAL are defined as the places of their attachments, or
// not at all.
#include "blocks.glsl"
#include "packing.glsl"

#ifdef SURFACE
in vec3 normal;
layout(location = SURFACE) out uvec4 surface_out;
#endif
#ifdef FINISH
layout(location = FINISH) out uvec4 finish_out;
#endif
#ifdef AMODAL
layout(location = AMODAL) out uvec4 amodal_out;
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
#ifdef METALLIC_ROUGHNESS_TEXTURE
uniform sampler2D metallic_roughness_texture;
#endif
#ifdef EMISSIVE_TEXTURE
uniform sampler2D emissive_texture;
#endif

#ifdef NORMAL_TEXTURE
in vec3 position;
uniform sampler2D normal_texture;

// The tangent frame from derivatives: Mikkelsen, "Bump mapping unparametrized surfaces on the GPU", JGT 2010.
vec3 bumped(vec3 n) {
    vec3 along_x = dFdx(position), along_y = dFdy(position);
    vec2 uv_x = dFdx(uv), uv_y = dFdy(uv);
    vec3 across_y = cross(along_y, n), across_x = cross(n, along_x);
    vec3 tangent = across_y * uv_x.x + across_x * uv_y.x;
    vec3 bitangent = across_y * uv_x.y + across_x * uv_y.y;
    // Both carry the sign of the window's handedness.
    float handed = dot(along_x, across_y) < 0.0 ? -1.0 : 1.0;
    float scale = handed * inversesqrt(max(max(dot(tangent, tangent), dot(bitangent, bitangent)), 1e-30));
    vec3 bump = texture(normal_texture, uv).xyz * 2.0 - 1.0;
    return normalize(tangent * (bump.x * scale) - bitangent * (bump.y * scale) + n * bump.z);
}
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

#ifdef FINISH
uvec4 finish(vec3 n) {
    Finish found = Finish(n, roughness, metallic, vec3(0.0));
#ifdef NORMAL_TEXTURE
    found.normal = bumped(n);
#endif
#ifdef METALLIC_ROUGHNESS_TEXTURE
    vec4 texel = texture(metallic_roughness_texture, uv);
    found.rough *= texel.g;
    found.metal *= texel.b;
#endif
#ifdef EMISSIVE
    found.emitted = emissive;
#ifdef EMISSIVE_TEXTURE
    found.emitted *= texture(emissive_texture, uv).rgb;
#endif
#endif
    return packed_finish(found);
}
#endif

void main() {
    vec4 base = vec4(0.0);
#if defined(SHADED) || defined(ALPHA_CUT)
    base = surface_colour();
#endif
#ifdef ALPHA_CUT
    if (base.a < alpha_cutoff) discard;
#endif
#ifdef SURFACE
    vec3 n = normalize(normal);
#ifdef DOUBLE_SIDED
    n = gl_FrontFacing ? n : -n;
#endif
    // In a camera's window w is the distance along the optical axis.
    surface_out = packed_surface(Surface(n, number, 1.0 / gl_FragCoord.w, base.rgb));
#ifdef FINISH
    finish_out = finish(n);
#endif
#endif
#ifdef AMODAL
    uint bit = 1u << (amodal_bit & 31u);
    amodal_out = uvec4(equal(uvec4((amodal_bit >> 5u) & 3u), uvec4(0u, 1u, 2u, 3u))) * bit;
#endif
}
