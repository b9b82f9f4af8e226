package io.milepost.config.kube;

import io.milepost.config.kube.ServiceModel.Member;
import io.milepost.config.kube.ServiceModel.Port;
import io.milepost.config.kube.ServiceModel.Resolution;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Locality;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** ServiceEntries: each host becomes a service. */
final class ServiceEntries {
    private final KubeObjects objects;
    private final List<PodModel> pods;
    private final Waypoints waypoints;
    private final Report report;

    ServiceEntries(KubeObjects objects, List<PodModel> pods, Waypoints waypoints, Report report) {
        this.objects = objects;
        this.pods = pods;
        this.waypoints = waypoints;
        this.report = report;
    }

    List<ServiceModel> translate() {
        Set<String> taken = new HashSet<>();
        Set<String> without = new HashSet<>();
        for (KubeObject o : objects.ofKind("ServiceEntry")) {
            if (o.spec().path("addresses").isEmpty()) {
                o.spec().path("hosts").forEach(h -> without.add(o.key() + "/" + h.asText()));
            } else {
                o.spec().path("addresses").forEach(a -> taken.add(a.asText()));
            }
        }
        Map<String, String> given = Addresses.externals(without, taken);
        List<ServiceModel> out = new ArrayList<>();
        for (KubeObject o : objects.ofKind("ServiceEntry")) {
            translate(o, given, out);
        }
        return out;
    }

    private void translate(KubeObject o, Map<String, String> given, List<ServiceModel> out) {
        Fields spec = report.open(o).at("spec");
        spec.skip("location", "exportTo", "subjectAltNames");
        Resolution resolution = resolution(spec);
        List<Port> ports = new ArrayList<>();
        for (Fields p : spec.list("ports")) {
            int number = p.integer("number", 0);
            String name = p.text("name", "");
            String protocol = p.text("protocol", "");
            ports.add(new Port(
                    number,
                    name,
                    protocol.isEmpty() ? PortProtocol.of(number, "TCP", name, "") : PortProtocol.parse(protocol),
                    "",
                    p.integer("targetPort", number)));
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
            List<Member> members = selector.isEmpty()
                    ? listed(endpoints, ports, host, resolution)
                    : ServiceRegistry.bySelector(o.namespace(), selector, ports, pods);
            out.add(new ServiceModel(
                    new ServiceInfo("ServiceEntry", o.namespace(), o.name(), host, o.labels()),
                    o.annotations(),
                    o.created(),
                    cidrs,
                    ports,
                    resolution,
                    waypoint,
                    members,
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

    private List<Member> listed(List<Fields> endpoints, List<Port> ports, String host, Resolution resolution) {
        List<Member> out = new ArrayList<>();
        for (Fields e : endpoints) {
            String address = e.text("address", "");
            Map<String, String> own = e.map("ports");
            Map<Integer, Integer> mapped = new TreeMap<>();
            for (Port p : ports) {
                String port = own.get(p.name());
                mapped.put(p.number(), port == null ? p.target() : Integer.parseInt(port));
            }
            Map<String, String> labels = e.map("labels");
            String[] l = e.text("locality", "").split("/", -1);
            String account = e.text("serviceAccount", "");
            int weight = e.integer("weight", 1);
            e.skip("network");
            Optional<PodModel> known =
                    pods.stream().filter(p -> p.addresses().contains(address)).findFirst();
            // The endpoint's own locality and labels count, the pod tells how it is reached.
            Optional<PodModel> pod = known.map(p -> l[0].isEmpty()
                    ? p
                    : new PodModel(
                            p.kind(),
                            p.namespace(),
                            p.name(),
                            p.labels(),
                            p.annotations(),
                            p.addresses(),
                            account.isEmpty() ? p.serviceAccount() : account,
                            p.workloadName(),
                            p.workloadType(),
                            p.node(),
                            new Locality(l[0], l.length > 1 ? l[1] : "", l.length > 2 ? l[2] : ""),
                            p.portNames(),
                            p.weight(),
                            p.hbone(),
                            p.ready()));
            out.add(new Member(address, mapped, labels, pod, weight, true));
        }
        boolean dns = resolution == Resolution.DNS || resolution == Resolution.DNS_ROUND_ROBIN;
        if (out.isEmpty() && dns) {
            Map<Integer, Integer> mapped = new TreeMap<>();
            ports.forEach(p -> mapped.put(p.number(), p.target()));
            out.add(new Member(host, mapped, Map.of(), Optional.empty(), 1, true));
        }
        return List.copyOf(out);
    }
}
