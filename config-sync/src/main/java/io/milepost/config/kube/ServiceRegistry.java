package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.config.kube.ServiceModel.Member;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.config.kube.ServiceModel.Resolution;
import io.milepost.mesh.Cidr;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** All services of the mesh, by host and in istiod's order. */
final class ServiceRegistry {
    static final String DOMAIN = ".svc.cluster.local";
    private final List<ServiceModel> services;
    private final Map<String, ServiceModel> byHost = new LinkedHashMap<>();
    private final List<PodModel> pods;

    private ServiceRegistry(List<ServiceModel> services, List<PodModel> pods) {
        this.services = services;
        this.pods = pods;
        services.forEach(s -> byHost.putIfAbsent(s.host(), s));
    }

    static ServiceRegistry of(KubeObjects objects, Report report) {
        List<PodModel> pods = Pods.of(objects, report);
        Waypoints waypoints = new Waypoints(objects, report);
        List<ServiceModel> out = new ArrayList<>();
        Map<String, String> vips = vips(objects);
        for (KubeObject o : objects.ofKind("Service")) {
            out.add(service(o, objects, pods, waypoints, vips, report));
        }
        for (KubeObject g : objects.ofKind("Gateway")) {
            if (Waypoints.isWaypoint(g) && serviceOf(g, objects).isEmpty()) {
                out.add(waypointService(g, pods, vips));
            }
        }
        ServiceEntries entries = new ServiceEntries(objects, pods, waypoints, report);
        out.addAll(entries.translate());
        out.sort(Comparator.comparing(ServiceModel::created)
                .thenComparing(s -> s.info().name())
                .thenComparing(s -> s.info().namespace()));
        return new ServiceRegistry(List.copyOf(out), List.copyOf(pods));
    }

    List<ServiceModel> all() {
        return services;
    }

    List<PodModel> pods() {
        return pods;
    }

    Optional<ServiceModel> byHost(String host) {
        return Optional.ofNullable(byHost.get(host));
    }

    /** A short name is completed with the namespace of whoever wrote it. */
    static String fqdn(String host, String namespace) {
        return host.indexOf('.') >= 0 || host.equals("*") ? host : host + "." + namespace + DOMAIN;
    }

    /** The Service in front of a waypoint's pods. */
    static Optional<KubeObject> serviceOf(KubeObject gateway, KubeObjects objects) {
        for (KubeObject s : objects.ofKind("Service", gateway.namespace())) {
            if (s.name().equals(gateway.name())
                    || gateway.name()
                            .equals(s.spec()
                                    .path("selector")
                                    .path(Pods.GATEWAY_NAME)
                                    .asText())) {
                return Optional.of(s);
            }
        }
        return Optional.empty();
    }

    private static Map<String, String> vips(KubeObjects objects) {
        Set<String> taken = new HashSet<>();
        Set<String> without = new HashSet<>();
        for (KubeObject o : objects.ofKind("Service")) {
            List<String> ips = clusterIps(o);
            if (ips.isEmpty() && !o.spec().path("type").asText().equals("ExternalName")) {
                without.add(o.key());
            }
            taken.addAll(ips);
        }
        for (KubeObject g : objects.ofKind("Gateway")) {
            if (Waypoints.isWaypoint(g) && serviceOf(g, objects).isEmpty()) {
                without.add(g.key());
            }
        }
        return Addresses.services(without, taken);
    }

    private static List<String> clusterIps(KubeObject o) {
        List<String> ips = new ArrayList<>();
        o.spec().path("clusterIPs").forEach(i -> ips.add(i.asText()));
        String one = o.spec().path("clusterIP").asText("");
        if (ips.isEmpty() && !one.isEmpty()) {
            ips.add(one);
        }
        return ips;
    }

    private static ServiceModel service(
            KubeObject o,
            KubeObjects objects,
            List<PodModel> pods,
            Waypoints waypoints,
            Map<String, String> vips,
            Report report) {
        List<Cidr> addresses = new ArrayList<>();
        for (String ip : clusterIps(o)) {
            Cidr.parse(ip).ifPresentOrElse(addresses::add, () -> {
                if (!ip.equals("None")) {
                    report.add(Finding.error(
                            o.ref("spec.clusterIP"), "'" + ip + "' is no IP address: mend it or leave it out"));
                }
            });
        }
        String given = vips.get(o.key());
        if (given != null) {
            Cidr.parse(given).ifPresent(addresses::add);
        }
        List<Port> ports = new ArrayList<>();
        for (JsonNode p : o.spec().path("ports")) {
            int number = p.path("port").asInt();
            JsonNode target = p.path("targetPort");
            ports.add(new Port(
                    number,
                    p.path("name").asText(""),
                    PortProtocol.of(
                            number,
                            p.path("protocol").asText("TCP"),
                            p.path("name").asText(""),
                            p.path("appProtocol").asText("")),
                    target.isTextual() ? target.asText() : "",
                    target.isTextual() ? 0 : target.asInt(number)));
        }
        boolean external = o.spec().path("type").asText().equals("ExternalName");
        if (external) {
            report.add(Finding.warning(
                    o.ref("spec.type"),
                    "ExternalName services never have a waypoint; use a ServiceEntry with resolution DNS"));
        }
        List<Member> endpoints = endpoints(o, ports, objects, pods);
        return new ServiceModel(
                new ServiceInfo(
                        "Service", o.namespace(), o.name(), o.name() + "." + o.namespace() + DOMAIN, o.labels()),
                o.annotations(),
                o.created(),
                addresses,
                ports,
                Resolution.STATIC,
                external ? Optional.empty() : waypoints.ofService(o, o.labels()),
                endpoints,
                o.ref());
    }

    private static ServiceModel waypointService(KubeObject g, List<PodModel> pods, Map<String, String> vips) {
        List<Port> ports = List.of(new Port(15008, "mesh", PortProtocol.TCP, "", 15008));
        List<Member> members = bySelector(g.namespace(), Map.of(Pods.GATEWAY_NAME, g.name()), ports, pods);
        List<Cidr> addresses = new ArrayList<>();
        Cidr.parse(vips.getOrDefault(g.key(), "")).ifPresent(addresses::add);
        return new ServiceModel(
                new ServiceInfo(
                        "Service",
                        g.namespace(),
                        g.name(),
                        g.name() + "." + g.namespace() + DOMAIN,
                        Map.of(Pods.MANAGED, "istio.io-mesh-controller")),
                Map.of(),
                g.created(),
                addresses,
                ports,
                Resolution.STATIC,
                Optional.empty(),
                members,
                g.ref());
    }

    private static List<Member> endpoints(
            KubeObject service, List<Port> ports, KubeObjects objects, List<PodModel> pods) {
        List<KubeObject> slices = objects.ofKind("EndpointSlice", service.namespace()).stream()
                .filter(s -> s.label("kubernetes.io/service-name").equals(service.name()))
                .toList();
        if (slices.isEmpty()) {
            Map<String, String> selector = new TreeMap<>();
            service.spec()
                    .path("selector")
                    .properties()
                    .forEach(e -> selector.put(e.getKey(), e.getValue().asText()));
            return bySelector(service.namespace(), selector, ports, pods);
        }
        Map<String, Member> out = new TreeMap<>();
        for (KubeObject slice : slices) {
            Map<String, Integer> named = new TreeMap<>();
            slice.root()
                    .path("ports")
                    .forEach(p ->
                            named.put(p.path("name").asText(""), p.path("port").asInt()));
            Map<Integer, Integer> mapped = new TreeMap<>();
            for (Port p : ports) {
                Integer target = named.size() == 1 && ports.size() == 1
                        ? named.values().iterator().next()
                        : named.get(p.name());
                if (target != null) {
                    mapped.put(p.number(), target);
                }
            }
            for (JsonNode e : slice.root().path("endpoints")) {
                if (e.path("conditions").path("terminating").asBoolean(false)) {
                    continue;
                }
                boolean ready = e.path("conditions").path("ready").asBoolean(true);
                String podName = e.path("targetRef").path("kind").asText().equals("Pod")
                        ? e.path("targetRef").path("name").asText()
                        : "";
                for (JsonNode a : e.path("addresses")) {
                    Optional<PodModel> pod = pods.stream()
                            .filter(p -> p.kind().equals("Pod")
                                    && p.namespace().equals(service.namespace())
                                    && (podName.isEmpty()
                                            ? p.addresses().contains(a.asText())
                                            : p.name().equals(podName)))
                            .findFirst();
                    out.put(
                            a.asText(),
                            new Member(
                                    a.asText(),
                                    mapped,
                                    pod.map(PodModel::labels).orElse(Map.of()),
                                    pod,
                                    1,
                                    ready));
                }
            }
        }
        return List.copyOf(out.values());
    }

    static List<Member> bySelector(
            String namespace, Map<String, String> selector, List<Port> ports, List<PodModel> pods) {
        Map<String, Member> out = new TreeMap<>();
        for (PodModel p : pods) {
            if (!p.namespace().equals(namespace)
                    || !p.matches(selector)
                    || p.address().isEmpty()) {
                continue;
            }
            Map<Integer, Integer> mapped = new TreeMap<>();
            for (Port port : ports) {
                Integer named =
                        port.targetName().isEmpty() ? null : p.portNames().get(port.targetName());
                if (named != null) {
                    mapped.put(port.number(), named);
                } else if (p.kind().equals("WorkloadEntry") && p.portNames().containsKey(port.name())) {
                    mapped.put(port.number(), p.portNames().getOrDefault(port.name(), port.number()));
                } else if (port.target() > 0) {
                    mapped.put(port.number(), port.target());
                }
            }
            out.put(p.address(), new Member(p.address(), mapped, p.labels(), Optional.of(p), p.weight(), p.ready()));
        }
        return List.copyOf(out.values());
    }
}
