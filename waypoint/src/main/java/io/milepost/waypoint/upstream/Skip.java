package io.milepost.waypoint.upstream;

/** Why an endpoint was not chosen, or why none was. Kept with the decision and shown by the admin port. */
public enum Skip {
    UNHEALTHY("reported unhealthy"),
    DRAINING("drains"),
    NO_WEIGHT("has weight 0"),
    EJECTED("ejected by outlier detection"),
    REMOVED("no longer an endpoint"),
    OTHER_PRIORITY("a closer priority takes the traffic"),
    NO_LOCALITY_WEIGHT("its locality has no weight"),
    PREVIOUS_HOST("an earlier try used it"),
    NO_ENDPOINTS("the cluster has no endpoints"),
    NOT_RESOLVED("its name is being looked up"),
    DNS_FAILED("its name could not be looked up"),
    NO_DESTINATION("the client named no address"),
    CACHE_FULL("too many different destinations");

    private final String text;

    Skip(String text) {
        this.text = text;
    }

    /** For people. */
    public String text() {
        return text;
    }
}
