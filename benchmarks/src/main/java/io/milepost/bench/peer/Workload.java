package io.milepost.bench.peer;

/**
 * What the waypoint is configured to do.
 *
 * @param realistic routes by header and weight, header modification, a policy of 20 rules, an access log; otherwise only the service
 * @param services further services that nobody calls
 */
public record Workload(boolean realistic, int services) {
    /** One service and nothing about it. */
    public static final Workload PLAIN = new Workload(false, 0);

    public static final Workload REALISTIC = new Workload(true, 0);

    public static Workload ofServices(int services) {
        return new Workload(false, services);
    }

    /** Where the policy's rules begin; the last one admits the load. */
    static final int RULES = 20;

    static final String ADMITTED_PATH = "/api/";
    static final String CANARY_HEADER = "x-canary";

    String label() {
        return (realistic ? "realistic" : "plain") + (services == 0 ? "" : "-" + services);
    }
}
