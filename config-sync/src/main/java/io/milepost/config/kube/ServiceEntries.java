package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Member;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.config.kube.ServiceModel.Resolution;
import io.milepost.config.kube.ServiceModel.Traits;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Locality;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** ServiceEntries: each host becomes a service. */
final class ServiceEntries {
    private final KubeObjects objects;
    private final PodIndex pods;
    private final Waypoints waypoints;
    private final Report report;
    private final List<String> defaultExport;
    /** Addresses of hosts that name none. */
    private Map<String, String> given = Map.of();

    ServiceEntries(KubeObjects objects, PodIndex pods, Waypoints waypoints, Report report, List<String> defaultExport) {
        this.defaultExport = defaultExport;
        this.objects = objects;
        this.pods = pods;
        this.waypoints = waypoints;
        this.report = report;
    }

    /**
     * Adds the services; the endpoints of an entry for the host of a Kubernetes Service of the same namespace are added to
     * that service, and the entry has no effect besides.
     */
    void addTo(List<ServiceModel> services) {
        Map<String, Integer> known = new HashMap<>();
        for (int i = 0; i < services.size(); i++) {
            known.putIfAbsent(services.get(i).key(), i);
        }
        for (ServiceModel s : translate()) {
            Integer at = known.get(s.key());
            if (at == null || !services.get(at).info().kind().equals("Service")) {
                services.add(s);
            } else {
                services.set(at, joined(services.get(at), s));
            }
        }
    }

    /** Ports belong together by name. */
    private ServiceModel joined(ServiceModel service, ServiceModel entry) {
        report.add(Finding.info(
                entry.source(),
                "only adds its endpoints to the Service " + service.info().namespace() + "/"
                        + service.info().name() + ", which has the same host"));
        List<Member> all = new ArrayList<>(service.endpoints());
        for (Member m : entry.endpoints()) {
            Map<Integer, Integer> ports = new TreeMap<>();
            for (Port p : service.ports()) {
                entry.ports().stream()
                        .filter(e -> e.name().equals(p.name()))
                        .map(e -> m.ports().get(e.number()))
                        .findFirst()
                        .ifPresent(target -> ports.put(p.number(), target));
            }
            all.add(new Member(m.address(), ports, m.labels(), m.pod(), m.weight(), m.ready()));
        }
        return service.withEndpoints(all);
    }

    private List<ServiceModel> translate() {
        given = given();
        List<ServiceModel> out = new ArrayList<>();
        for (KubeObject o : objects.ofKind("ServiceEntry")) {
            translate(o, out);
        }
        return out;
    }

    /** One entry, with the addresses that were given to its hosts before. */
    List<ServiceModel> translate(KubeObject entry) {
        List<ServiceModel> out = new ArrayList<>();
        translate(entry, out);
        return out;
    }

    /** Whether entries without addresses still have those that were given to them. */
    boolean givesSameAddresses() {
        return given.equals(given());
    }

    private Map<String, String> given() {
        Set<String> taken = new HashSet<>();
        Set<String> without = new HashSet<>();
        for (KubeObject o : objects.ofKind("ServiceEntry")) {
            if (o.spec().path("addresses").isEmpty()) {
                o.spec().path("hosts").forEach(h -> without.add(o.key() + "/" + h.asText()));
            } else {
                o.spec().path("addresses").forEach(a -> taken.add(a.asText()));
            }
        }
        return Addresses.externals(without, taken);
    }

    private void translate(KubeObject o, List<ServiceModel> out) {
        Fields spec = report.open(o).at("spec");
        boolean external = spec.text("location", "MESH_EXTERNAL").equals("MESH_EXTERNAL");
        Resolution resolution = resolution(spec);
        Traits traits = traits(o, spec);
        List<Port> ports = new ArrayList<>();
        for (Fields p : spec.list("ports")) {
            int number = p.integer("number", 0);
            String name = p.text("name", "");
            // The name says nothing here (istiod's convertPort).
            ports.add(new Port(
                    number, name, PortProtocol.parse(p.text("protocol", "")), "", p.integer("targetPort", number)));
        }
        List<String> hosts = spec.texts("hosts");
        List<String> addresses = spec.texts("addresses");
        List<Fields> endpoints = spec.list("endpoints");
        Map<String, String> selector = spec.at("workloadSelector").map("labels");
        Optional<GatewayRef> waypoint = waypoints.ofService(o, o.labels());
        for (String host : hosts) {
            List<Cidr> cidrs = new ArrayList<>();
            for (String a : addresses) {
                Cidr.parse(a)
                        .ifPresentOrElse(
                                cidrs::add, () -> spec.error("addresses", "'" + a + "' is no IP address and no CIDR"));
            }
            if (addresses.isEmpty()) {
                Cidr.parse(given.getOrDefault(o.key() + "/" + host, "")).ifPresent(cidrs::add);
            }
            check(spec, host, resolution, external);
            List<Member> members = selector.isEmpty()
                    ? listed(o, endpoints, ports, host, resolution)
                    : ServiceRegistry.bySelector(o.namespace(), selector, ports, false, pods);
            out.add(new ServiceModel(
                    new ServiceInfo("ServiceEntry", o.namespace(), o.name(), host, o.labels()),
                    o.annotations(),
                    o.created(),
                    cidrs,
                    ports,
                    resolution,
                    waypoint,
                    members,
                    traits,
                    o.ref()));
        }
    }

    private static Resolution resolution(Fields spec) {
        String r = spec.text("resolution", "NONE");
        return switch (r) {
            case "STATIC" -> Resolution.STATIC;
            case "NONE" -> Resolution.NONE;
            case "DNS" -> Resolution.DNS;
            case "DNS_ROUND_ROBIN" -> Resolution.DNS_ROUND_ROBIN;
            case "DYNAMIC_DNS" -> Resolution.DYNAMIC_DNS;
            default -> {
                spec.error(
                        "resolution", "'" + r + "' is unknown: use STATIC, NONE, DNS, DNS_ROUND_ROBIN or DYNAMIC_DNS");
                yield Resolution.NONE;
            }
        };
    }

    /** What istiod refuses, and what a waypoint cannot serve. */
    private static void check(Fields spec, String host, Resolution resolution, boolean external) {
        boolean wildcard = host.startsWith("*");
        if (resolution == Resolution.DYNAMIC_DNS) {
            if (!wildcard) {
                spec.error("resolution", "DYNAMIC_DNS is for wildcard hosts: use DNS for '" + host + "'");
            }
            if (!external) {
                spec.warn("location", "DYNAMIC_DNS needs MESH_EXTERNAL: a waypoint serves no others");
            }
            if (spec.has("addresses") || spec.has("endpoints")) {
                spec.error("resolution", "DYNAMIC_DNS has neither addresses nor endpoints: remove them");
            }
        } else if (wildcard && (resolution == Resolution.DNS || resolution == Resolution.DNS_ROUND_ROBIN)) {
            if (!spec.has("endpoints")) {
                spec.error(
                        "hosts", "the wildcard '" + host + "' cannot be looked up: list endpoints or use DYNAMIC_DNS");
            }
        }
        if (resolution == Resolution.NONE && spec.has("endpoints")) {
            spec.error("endpoints", "cannot be given with resolution NONE: use STATIC or DNS");
        }
    }

    private Traits traits(KubeObject o, Fields spec) {
        Map<String, String> namespace = objects.find("Namespace", "", o.namespace())
                .map(KubeObject::annotations)
                .orElse(Map.of());
        return new Traits(
                TrafficDistribution.of("", o.annotations(), namespace),
                false,
                spec.has("exportTo") ? spec.texts("exportTo") : defaultExport,
                "",
                spec.texts("subjectAltNames"),
                o.annotations().getOrDefault("istio.io/connect-strategy", "").equals("RACE_FIRST_TCP_CONNECT"));
    }

    private List<Member> listed(
            KubeObject o, List<Fields> endpoints, List<Port> ports, String host, Resolution resolution) {
        List<Member> out = new ArrayList<>();
        for (Fields e : endpoints) {
            out.add(member(o, e, ports));
        }
        boolean dns = resolution == Resolution.DNS || resolution == Resolution.DNS_ROUND_ROBIN;
        if (out.isEmpty() && dns && !host.startsWith("*")) {
            Map<Integer, Integer> mapped = new TreeMap<>();
            ports.forEach(p -> mapped.put(p.number(), p.target()));
            PodModel pod = PodModel.written("ServiceEntry", o, host, "", Locality.UNKNOWN, 1);
            out.add(new Member(host, mapped, Map.of(), pod, 1, true));
        }
        return List.copyOf(out);
    }

    private Member member(KubeObject o, Fields e, List<Port> ports) {
        String address = e.required("address");
        Map<Integer, Integer> mapped = new TreeMap<>();
        Fields own = e.at("ports");
        for (Port p : ports) {
            mapped.put(p.number(), own.integer(p.name(), p.target()));
        }
        Map<String, String> labels = e.map("labels");
        int weight = Math.max(1, e.integer("weight", 1));
        if (e.has("network")) {
            e.warn("network", "gateways between networks are not served: the endpoint is reached directly");
            e.skip("network");
        }
        PodModel pod = PodModel.written(
                "ServiceEntry",
                o,
                address,
                e.text("serviceAccount", ""),
                Pods.locality(e.text("locality", "")),
                weight);
        return new Member(address, mapped, labels, pod, weight, true);
    }
}
