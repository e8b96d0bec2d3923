// From light to what is stored. With DISPLAY that is the finished colour, else light as it is.

#ifdef DISPLAY
const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);  // ITU-R BT.709
const float MID_GREY = 0.18;

vec3 toned(vec3 light) {
#if TONE_CURVE == TONE_CURVE_REINHARD
    return light / (1.0 + light);  // Reinhard et al., "Photographic tone reproduction", SIGGRAPH 2002
#elif TONE_CURVE == TONE_CURVE_ACES
    // Narkowicz, "ACES filmic tone mapping curve", 2015
    return light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14);
#else
    return light;
#endif
}

// The formulae of `graded` in rendering/sensor.py.
vec3 graded(vec3 light) {
#ifdef GRADED
    light = max(mix(vec3(dot(light, LUMINANCE)), light, grade.y), 0.0);
    return MID_GREY * pow(light / MID_GREY, vec3(grade.x));
#else
    return light;
#endif
}

vec4 stored(vec3 light) {
    vec3 share = clamp(toned(graded(light * gains.rgb)), 0.0, 1.0);
    vec3 curve = 1.055 * pow(share, vec3(1.0 / 2.4)) - 0.055;
    return vec4(mix(curve, 12.92 * share, vec3(lessThanEqual(share, vec3(0.0031308)))), 1.0);
}
#else
vec4 stored(vec3 light) {
    return vec4(light, 1.0);
}
#endif
