// Where a direction lies in a picture of all surroundings: top is +y, the middle -z, to the right of it +x.
vec2 equirectangular(vec3 direction) {
    vec3 unit = normalize(direction);
    return vec2(0.5 + atan(unit.x, -unit.z) / 6.28318531, acos(clamp(unit.y, -1.0, 1.0)) / 3.14159265);
}
