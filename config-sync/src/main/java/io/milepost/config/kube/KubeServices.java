package io.milepost.config.kube;

import com.fasterxml.jackson.databind.JsonNode;
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

/** Services of Kubernetes, with endpoints of their EndpointSlices or, where there are none, of the pods they select. */
final class KubeServices {
    private static final String EXPORT = "networking.istio.io/exportTo";

    private final KubeObjects objects;
    private final PodIndex pods;
    private final Waypoints waypoints;
    private final Report report;
    private final List<String> defaultExport;
    private final Map<String, String> vips;
    private final Map<String, List<KubeObject>> slices = new HashMap<>();
    /** Service (namespace/name) to the pods (alike) that its EndpointSlices name and that are not there. */
    private final Map<String, Set<String>> missing = new HashMap<>();

    KubeServices(KubeObjects objects, PodIndex pods, Waypoints waypoints, Report report, List<String> defaultExport) {
        this.defaultExport = defaultExport;
        this.objects = objects;
        this.pods = pods;
        this.waypoints = waypoints;
        this.report = report;
        this.vips = vips();
        for (KubeObject s : objects.ofKind("EndpointSlice")) {
            slices.computeIfAbsent(s.namespace() + "/" + s.label("kubernetes.io/service-name"), k -> new ArrayList<>())
                    .add(s);
        }
    }

    List<ServiceModel> translate() {
        List<ServiceModel> out = new ArrayList<>();
        for (KubeObject o : objects.ofKind("Service")) {
            out.add(translate(o));
        }
        for (KubeObject g : objects.ofKind("Gateway")) {
            if (Waypoints.isWaypoint(g) && ServiceRegistry.serviceOf(g, objects).isEmpty()) {
                out.add(waypointService(g));
            }
        }
        return out;
    }

    /** Whether every service without an address of its own is given the one that it was given before. */
    boolean givesSameAddresses() {
        return vips.equals(vips());
    }

    private Map<String, String> vips() {
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
            if (Waypoints.isWaypoint(g) && ServiceRegistry.serviceOf(g, objects).isEmpty()) {
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

    private ServiceModel service(KubeObject o) {
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
        String alias = external ? o.spec().path("externalName").asText("") : "";
        if (external) {
            report.add(Finding.info(
                    o.ref("spec.type"),
                    "ExternalName services never have a waypoint of their own; routes that name it go to " + alias));
        }
        List<Member> endpoints = external ? name(alias, o, ports) : endpoints(o, ports);
        return new ServiceModel(
                new ServiceInfo(
                        "Service",
                        o.namespace(),
                        o.name(),
                        o.name() + "." + o.namespace() + ServiceRegistry.DOMAIN,
                        o.labels()),
                o.annotations(),
                o.created(),
                addresses,
                ports,
                external ? Resolution.DNS : Resolution.STATIC,
                external ? Optional.empty() : waypoints.ofService(o, o.labels()),
                endpoints,
                traits(o, alias),
                o.ref());
    }

    private Traits traits(KubeObject o, String alias) {
        Map<String, String> namespace = objects.find("Namespace", "", o.namespace())
                .map(KubeObject::annotations)
                .orElse(Map.of());
        String exports = o.annotations().getOrDefault(EXPORT, "");
        return new Traits(
                TrafficDistribution.of(o.spec().path("trafficDistribution").asText(""), o.annotations(), namespace),
                o.spec().path("internalTrafficPolicy").asText("").equals("Local"),
                exports.isEmpty() ? defaultExport : List.of(exports.split(" *, *", -1)),
                alias,
                List.of(),
                false);
    }

    /** The one endpoint of an ExternalName service: a name. */
    private List<Member> name(String alias, KubeObject o, List<Port> ports) {
        if (alias.isEmpty()) {
            report.add(Finding.error(o.ref("spec.externalName"), "is missing: write the name it stands for"));
            return List.of();
        }
        Map<Integer, Integer> mapped = new TreeMap<>();
        ports.forEach(p -> mapped.put(p.number(), p.number()));
        PodModel pod = PodModel.written("Service", o, alias, "", Locality.UNKNOWN, 1);
        return List.of(new Member(alias, mapped, Map.of(), pod, 1, true));
    }

    private ServiceModel waypointService(KubeObject g) {
        List<Port> ports = List.of(new Port(15008, "mesh", PortProtocol.TCP, "", 15008));
        List<Member> members =
                ServiceRegistry.bySelector(g.namespace(), Map.of(Pods.GATEWAY_NAME, g.name()), ports, false, pods);
        List<Cidr> addresses = new ArrayList<>();
        Cidr.parse(vips.getOrDefault(g.key(), "")).ifPresent(addresses::add);
        return new ServiceModel(
                new ServiceInfo(
                        "Service",
                        g.namespace(),
                        g.name(),
                        g.name() + "." + g.namespace() + ServiceRegistry.DOMAIN,
                        Map.of(Pods.MANAGED, "istio.io-mesh-controller")),
                Map.of(),
                g.created(),
                addresses,
                ports,
                Resolution.STATIC,
                Optional.empty(),
                members,
                Traits.NONE,
                g.ref());
    }

    /** The Service as it is now; whether its addresses stay is for others to say. */
    ServiceModel translate(KubeObject o) {
        return report.in(Report.part(o), () -> service(o));
    }

    /** The endpoints of a known Service as they are now. */
    List<Member> endpoints(ServiceModel s) {
        return objects.find("Service", s.info().namespace(), s.info().name())
                .map(o -> endpoints(o, s.ports()))
                .orElse(s.endpoints());
    }

    /** @param service namespace/name */
    void slices(String service, List<KubeObject> now) {
        if (now.isEmpty()) {
            slices.remove(service);
        } else {
            slices.put(service, now.stream().sorted(KubeObjects.ORDER).toList());
        }
    }

    /** Services (namespace/name) with an EndpointSlice that names a pod that is not there. */
    List<String> missing(Set<String> pods) {
        List<String> out = new ArrayList<>();
        missing.forEach((service, names) -> {
            if (names.stream().anyMatch(pods::contains)) {
                out.add(service);
            }
        });
        return out;
    }

    static boolean sameAddresses(KubeObject a, KubeObject b) {
        return clusterIps(a).equals(clusterIps(b)) && sameType(a, b);
    }

    static boolean sameType(KubeObject a, KubeObject b) {
        return a.spec().path("type").equals(b.spec().path("type"));
    }

    List<KubeObject> slicesOf(String service) {
        return slices.getOrDefault(service, List.of());
    }

    private List<Member> endpoints(KubeObject service, List<Port> ports) {
        missing.remove(service.key());
        List<KubeObject> own = slices.getOrDefault(service.key(), List.of());
        if (own.isEmpty()) {
            Map<String, String> selector = selector(service);
            boolean unready = service.spec().path("publishNotReadyAddresses").asBoolean(false);
            return ServiceRegistry.bySelector(service.namespace(), selector, ports, unready, pods);
        }
        Map<String, Member> out = new TreeMap<>();
        for (KubeObject slice : own) {
            Map<Integer, Integer> mapped = mapping(slice, ports);
            for (JsonNode e : slice.root().path("endpoints")) {
                // One that ends takes nothing new, whether it still serves or not.
                if (!e.path("conditions").path("terminating").asBoolean(false)) {
                    e.path("addresses").forEach(a -> member(service, slice, e, a.asText(), mapped, out));
                }
            }
        }
        return List.copyOf(out.values());
    }

    static Map<String, String> selector(KubeObject service) {
        Map<String, String> selector = new TreeMap<>();
        service.spec()
                .path("selector")
                .properties()
                .forEach(e -> selector.put(e.getKey(), e.getValue().asText()));
        return selector;
    }

    /** Service port to the slice's port; ports belong together by name. */
    private static Map<Integer, Integer> mapping(KubeObject slice, List<Port> ports) {
        Map<String, Integer> named = new TreeMap<>();
        slice.root()
                .path("ports")
                .forEach(
                        p -> named.put(p.path("name").asText(""), p.path("port").asInt()));
        Map<Integer, Integer> mapped = new TreeMap<>();
        for (Port p : ports) {
            Integer target = named.size() == 1 && ports.size() == 1
                    ? named.values().iterator().next()
                    : named.get(p.name());
            if (target != null) {
                mapped.put(p.number(), target);
            }
        }
        return mapped;
    }

    private void member(
            KubeObject service,
            KubeObject slice,
            JsonNode e,
            String address,
            Map<Integer, Integer> mapped,
            Map<String, Member> out) {
        boolean ready = e.path("conditions").path("ready").asBoolean(true);
        JsonNode target = e.path("targetRef");
        Optional<PodModel> pod;
        if (target.path("kind").asText().equals("Pod")) {
            String name = target.path("name").asText();
            pod = pods.byName(service.namespace(), name);
            if (pod.isEmpty()) {
                missing.computeIfAbsent(service.key(), k -> new HashSet<>()).add(service.namespace() + "/" + name);
            }
        } else {
            pod = pods.byAddress(address).filter(p -> p.isPod() && p.namespace().equals(service.namespace()));
        }
        PodModel model =
                pod.orElseGet(() -> PodModel.written("EndpointSlice", slice, address, "", Locality.UNKNOWN, 1));
        out.put(address, new Member(address, mapped, model.labels(), model, 1, ready));
    }
}
