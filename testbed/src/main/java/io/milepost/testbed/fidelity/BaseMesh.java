package io.milepost.testbed.fidelity;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The mesh every case starts from: Kubernetes YAML whose addresses all lie in 127/8, and the pods behind it. */
public final class BaseMesh {
    public static final String WAYPOINT_IP = "127.0.15.1";

    record Port(int port, @Nullable String name, int target) {}

    record App(String namespace, String vip, List<Port> ports, Map<String, String> versions) {}

    record Subset(String app, String version, String vip) {}

    /** A client workload. */
    public record Client(String namespace, String serviceAccount, String ip) {}

    /** An application pod. */
    public record Pod(String name, String namespace, String serviceAccount, String ip, List<Integer> ports) {}

    private static final List<Port> HTTP = List.of(new Port(9080, "http", 9080));
    private static final Map<String, App> APPS = new LinkedHashMap<>();
    private static final Map<String, Subset> SUBSETS = new LinkedHashMap<>();
    private static final Map<String, Client> CLIENTS = new LinkedHashMap<>();

    static {
        Map<String, String> three = new LinkedHashMap<>();
        three.put("v1", "127.1.1.1");
        three.put("v2", "127.1.1.2");
        three.put("v3", "127.1.1.3");
        Map<String, String> two = new LinkedHashMap<>();
        two.put("v1", "127.1.3.1");
        two.put("v2", "127.1.3.2");
        APPS.put("reviews", new App("default", "10.96.0.10", HTTP, three));
        APPS.put("ratings", new App("default", "10.96.0.11", HTTP, Map.of("v1", "127.1.2.1")));
        APPS.put(
                "echo",
                new App(
                        "default",
                        "10.96.0.12",
                        List.of(
                                new Port(80, "http", 8080),
                                new Port(81, "http-alt", 8081),
                                new Port(70, "grpc", 7070),
                                new Port(90, "tcp", 9090),
                                new Port(7, null, 8080)),
                        two));
        APPS.put(
                "catalog",
                new App("other", "10.96.0.20", List.of(new Port(80, "http", 8080)), Map.of("v1", "127.1.4.1")));
        SUBSETS.put("reviews-v1", new Subset("reviews", "v1", "10.96.0.31"));
        SUBSETS.put("reviews-v2", new Subset("reviews", "v2", "10.96.0.32"));
        SUBSETS.put("reviews-v3", new Subset("reviews", "v3", "10.96.0.33"));
        SUBSETS.put("echo-v1", new Subset("echo", "v1", "10.96.0.34"));
        SUBSETS.put("echo-v2", new Subset("echo", "v2", "10.96.0.35"));
        CLIENTS.put("client", new Client("default", "client", "127.2.0.1"));
        CLIENTS.put("productpage", new Client("default", "bookinfo-productpage", "127.2.0.2"));
        CLIENTS.put("intruder", new Client("other", "intruder", "127.2.0.3"));
        CLIENTS.put("gateway", new Client("istio-system", "gw", "127.2.0.4"));
    }

    private BaseMesh() {}

    public static Client client(String name) {
        Client c = CLIENTS.get(name);
        if (c == null) {
            throw new IllegalArgumentException("there is no client " + name + "; there are " + CLIENTS.keySet());
        }
        return c;
    }

    private static App app(String service) {
        Subset subset = SUBSETS.get(service);
        App app = APPS.get(subset == null ? service : subset.app());
        if (app == null) {
            throw new IllegalArgumentException("there is no service " + service + " in the base mesh");
        }
        return app;
    }

    static int firstPort(String service) {
        return app(service).ports().get(0).port();
    }

    static String vip(String service) {
        Subset subset = SUBSETS.get(service);
        return subset == null ? app(service).vip() : subset.vip();
    }

    public static List<Pod> pods() {
        List<Pod> out = new ArrayList<>();
        APPS.forEach((name, a) -> a.versions().forEach((version, ip) -> {
            TreeSet<Integer> ports = new TreeSet<>();
            a.ports().forEach(p -> ports.add(p.target()));
            out.add(new Pod(name + "-" + version + "-0", a.namespace(), name, ip, List.copyOf(ports)));
        }));
        return out;
    }

    /** The documents of the base mesh. */
    static List<String> yaml(boolean hbone, Map<String, Object> namespaceLabels, @Nullable Collection<String> apps) {
        List<String> docs = new ArrayList<>();
        Map<String, Map<String, Object>> namespaces = new LinkedHashMap<>();
        Map<String, Object> first = new LinkedHashMap<>();
        first.put("istio.io/dataplane-mode", "ambient");
        first.put("istio.io/use-waypoint", "waypoint");
        Map<String, Object> second = new LinkedHashMap<>(first);
        second.put("istio.io/use-waypoint-namespace", "default");
        namespaces.put("default", first);
        namespaces.put("other", second);
        namespaces.put("istio-system", Map.of());
        namespaceLabels.forEach((n, labels) -> namespaces.put(n, Yamls.map(labels)));
        namespaces.forEach((n, labels) -> {
            Map<String, Object> all = new LinkedHashMap<>();
            all.put("kubernetes.io/metadata.name", n);
            all.putAll(labels);
            docs.add("apiVersion: v1\nkind: Namespace\nmetadata:\n  name: " + n + "\n  labels:" + lines(4, all) + "\n");
        });
        docs.add(BaseMeshText.NODE);
        docs.add(BaseMeshText.GATEWAY_CLASS);
        docs.add(BaseMeshText.GATEWAY);
        docs.add(BaseMeshText.WAYPOINT_SERVICE);
        Map<String, Object> waypoint = new LinkedHashMap<>();
        waypoint.put("gateway.networking.k8s.io/gateway-name", "waypoint");
        waypoint.put("gateway.istio.io/managed", "istio.io-mesh-controller");
        docs.add(pod("waypoint-0", "default", WAYPOINT_IP, "waypoint", waypoint, false));
        CLIENTS.forEach((n, c) -> docs.add(pod(n, c.namespace(), c.ip(), c.serviceAccount(), labels(n, "v1"), true)));
        APPS.forEach((name, a) -> {
            if (apps != null && !apps.contains(name)) {
                return;
            }
            docs.add(service(name, name, a, a.vip(), Map.of("app", name)));
            docs.add(slice(name, name, a, a.versions().keySet()));
            SUBSETS.forEach((subset, s) -> {
                if (s.app().equals(name)) {
                    docs.add(service(subset, name, a, s.vip(), labels(name, s.version())));
                    docs.add(slice(subset, name, a, List.of(s.version())));
                }
            });
            a.versions()
                    .forEach((version, ip) -> docs.add(
                            pod(name + "-" + version + "-0", a.namespace(), ip, name, labels(name, version), hbone)));
        });
        return docs;
    }

    private static Map<String, Object> labels(String app, String version) {
        Map<String, Object> labels = new LinkedHashMap<>();
        labels.put("app", app);
        labels.put("version", version);
        return labels;
    }

    private static String lines(int indent, Map<String, Object> labels) {
        StringBuilder b = new StringBuilder();
        labels.forEach((k, v) ->
                b.append('\n').append(" ".repeat(indent)).append(k).append(": ").append(Yamls.text(v)));
        return b.toString();
    }

    private static String pod(
            String name, String namespace, String ip, String account, Map<String, Object> labels, boolean hbone) {
        return BaseMeshText.POD
                .replace("$NAME", name)
                .replace("$NS", namespace)
                .replace(
                        "$LABELS",
                        lines(4, labels) + (hbone ? "\n  annotations:\n    ambient.istio.io/redirection: enabled" : ""))
                .replace("$SA", account)
                .replace("$IP", ip);
    }

    private static String service(String name, String app, App a, String ip, Map<String, Object> selector) {
        StringBuilder ports = new StringBuilder();
        for (Port p : a.ports()) {
            ports.append("\n  - port: ").append(p.port());
            ports.append("\n    targetPort: ").append(p.target());
            ports.append("\n    protocol: TCP\n    name: ").append(p.name() == null ? "auto" : p.name());
        }
        return "apiVersion: v1\nkind: Service\nmetadata:\n  name: " + name + "\n  namespace: " + a.namespace()
                + "\n  labels:\n    app: " + app + "\nspec:\n  clusterIP: " + ip + "\n  clusterIPs:\n  - " + ip
                + "\n  ports:" + ports + "\n  selector:" + lines(4, selector) + "\n";
    }

    private static String slice(String name, String app, App a, Collection<String> versions) {
        StringBuilder endpoints = new StringBuilder();
        a.versions().forEach((version, ip) -> {
            if (versions.contains(version)) {
                endpoints.append("\n- addresses:\n  - ").append(ip);
                endpoints.append("\n  conditions:\n    ready: true\n    serving: true\n    terminating: false");
                endpoints.append("\n  nodeName: node-1\n  zone: zone-1\n  targetRef:\n    kind: Pod\n    name: ");
                endpoints
                        .append(app)
                        .append('-')
                        .append(version)
                        .append("-0\n    namespace: ")
                        .append(a.namespace());
            }
        });
        StringBuilder ports = new StringBuilder();
        for (Port p : a.ports()) {
            ports.append("\n- port: ").append(p.target()).append("\n  protocol: TCP\n  name: ");
            ports.append(p.name() == null ? "auto" : p.name());
        }
        return "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata:\n  name: " + name
                + "-1\n  namespace: " + a.namespace() + "\n  labels:\n    kubernetes.io/service-name: " + name
                + "\naddressType: IPv4\nendpoints:" + endpoints + "\nports:" + ports + "\n";
    }
}
