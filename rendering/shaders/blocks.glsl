// What rendering/blocks.py uploads; matrices lie there row by row.
layout(std140, row_major) uniform FrameBlock {
    mat4 camera_to_clip;
    mat4 camera_to_shadow;
    mat4x3 camera_to_environment;
    mat4x3 next_intrinsics;
    mat4x3 pixel_to_ray;          // to the point in camera axes that is 1 m along the optical axis
    vec4 irradiance[9];
    vec4 lamp_position[8];        // camera axes, metres
    vec4 lamp_colour[8];
    vec4 sun_direction;           // towards the sun, camera axes, unit
    vec4 sun_colour;
    vec4 up;                      // world +y in camera axes, unit
    vec4 sky_colour;
    vec4 ground_colour;
    vec4 gains;                   // of the sensor, R, G, B
    vec4 shadow;                  // x: half a soft edge as a share of the map, y: offset along the normal, metres
    vec4 grade;                   // of the sensor, x: contrast, y: saturation
    vec4 fog;                     // R, G, B and extinction a metre
};

layout(std140, row_major) uniform ObjectBlock {
    mat4x3 model_to_camera;
    mat4x3 normal_to_camera;
    mat4x3 camera_to_coordinates;
    mat4x3 camera_to_next_camera;
    vec3 base_colour;
    float alpha_cutoff;
    vec3 emissive;
    float spare_1;
    float roughness;
    float metallic;
    uint is_object;               // 1, of the ground 0
    uint spare_2;
    uint number;                  // its row, counted from 1
    uint amodal_bit;
    uint semantic;
    uint instance;
};
