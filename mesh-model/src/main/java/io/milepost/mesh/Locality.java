package io.milepost.mesh;

/** Region, zone and sub-zone; empty where unknown. */
public record Locality(String region, String zone, String subzone) {
    public static final Locality UNKNOWN = new Locality("", "", "");
}
