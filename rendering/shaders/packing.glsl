// Between the pass over the triangles and that over the pixels: what is seen in a pixel, in four or eight numbers.
// Floats become unsigned numbers by way of signed ones, for which processors have an instruction.

struct Surface {
    vec3 normal;                  // unit, camera axes
    uint number;
    float depth;                  // metres along the optical axis
    vec3 base;                    // base colour, 0 to 1
};

// What only some materials have.
struct Finish {
    vec3 normal;                  // with the bumps of its texture
    float rough;
    float metal;
    vec3 emitted;
};

// The stored form of a unit vector, as `datasets.fields` describes it.
uvec3 normal_code(vec3 n) {
    return uvec3(ivec3(n * 32767.0 + 32768.5));
}

vec3 from_normal_code(uvec3 code) {
    return (vec3(ivec3(code)) - 32768.0) / 32767.0;
}

uvec4 packed_surface(Surface seen) {
    uvec3 code = normal_code(seen.normal);
    // Roots, since dark colours need finer steps than light ones.
    uvec3 base = uvec3(ivec3(sqrt(clamp(seen.base, 0.0, 1.0)) * vec3(2047.0, 2047.0, 1023.0) + 0.5));
    return uvec4(
        code.x | code.y << 16, code.z | seen.number << 16, floatBitsToUint(seen.depth),
        base.r | base.g << 11 | base.b << 22
    );
}

uvec3 packed_normal_code(uvec4 packed_one) {
    return uvec3(packed_one.x & 0xffffu, packed_one.x >> 16, packed_one.y & 0xffffu);
}

Surface unpacked_surface(uvec4 packed_one) {
    vec3 root = vec3(ivec3(packed_one.w & 0x7ffu, (packed_one.w >> 11) & 0x7ffu, packed_one.w >> 22));
    root *= vec3(1.0 / 2047.0, 1.0 / 2047.0, 1.0 / 1023.0);
    vec3 normal = from_normal_code(packed_normal_code(packed_one));
    return Surface(normal, packed_one.y >> 16, uintBitsToFloat(packed_one.z), root * root);
}

// A number from 0 up as the first 16 bits of its float: right to 1 part in 512, without a limit.
uint half_bits(float value) {
    return (floatBitsToUint(value) + 0x8000u) >> 16;
}

uvec4 packed_finish(Finish found) {
    uvec3 code = normal_code(found.normal);
    uint rough = uint(int(found.rough * 65535.0 + 0.5)), metal = uint(int(found.metal * 65535.0 + 0.5));
    return uvec4(
        code.x | code.y << 16, code.z | rough << 16,
        half_bits(found.emitted.r) | half_bits(found.emitted.g) << 16, half_bits(found.emitted.b) | metal << 16
    );
}

Finish unpacked_finish(uvec4 packed_one) {
    vec3 normal = from_normal_code(packed_normal_code(packed_one));
    vec3 emitted = uintBitsToFloat(uvec3(packed_one.z << 16, packed_one.z & 0xffff0000u, packed_one.w << 16));
    return Finish(normal, float(int(packed_one.y >> 16)) / 65535.0, float(int(packed_one.w >> 16)) / 65535.0, emitted);
}
