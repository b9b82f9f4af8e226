package io.milepost.hbone.wire;

/**
 * {@code baggage} as ztunnel writes it: fixed order, empty values left out, no percent-encoding.
 *
 * @param workloadType {@code deployment}, {@code cronjob}, {@code pod} or {@code job}
 */
public record Baggage(
        String cluster,
        String namespace,
        String workloadType,
        String workload,
        String service,
        String version,
        String region,
        String zone) {
    public String format() {
        StringBuilder out = new StringBuilder(192);
        add(out, "k8s.cluster.name", cluster);
        add(out, "k8s.namespace.name", namespace);
        add(out, "k8s." + workloadType + ".name", workload);
        add(out, "service.name", service);
        add(out, "service.version", version);
        add(out, "cloud.region", region);
        add(out, "cloud.availability_zone", zone);
        return out.toString();
    }

    private static void add(StringBuilder out, String key, String value) {
        if (value.isEmpty()) {
            return;
        }
        if (!out.isEmpty()) {
            out.append(',');
        }
        out.append(key).append('=').append(value);
    }

    /** Unknown keys are ignored; text that is not ASCII says nothing at all. */
    public static Baggage parse(String text) {
        String cluster = "";
        String namespace = "";
        String type = "deployment";
        String workload = "";
        String service = "";
        String version = "";
        String region = "";
        String zone = "";
        int at = isAscii(text) ? 0 : text.length();
        while (at < text.length()) {
            int comma = text.indexOf(',', at);
            int end = comma < 0 ? text.length() : comma;
            int equals = text.indexOf('=', at);
            if (equals > at && equals < end) {
                String key = text.substring(at, equals).trim();
                int second = text.indexOf('=', equals + 1);
                String value = text.substring(equals + 1, second > 0 && second < end ? second : end);
                switch (key) {
                    case "k8s.cluster.name" -> cluster = value;
                    case "k8s.namespace.name" -> namespace = value;
                    case "k8s.deployment.name", "k8s.cronjob.name", "k8s.pod.name", "k8s.job.name" -> {
                        type = key.substring(4, key.length() - 5);
                        workload = value;
                    }
                    case "service.name" -> service = value;
                    case "service.version" -> version = value;
                    case "cloud.region" -> region = value;
                    case "cloud.availability_zone" -> zone = value;
                    default -> {}
                }
            }
            at = end + 1;
        }
        return new Baggage(cluster, namespace, type, workload, service, version, region, zone);
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }
}
