package io.milepost.config.kube;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.SourceRef;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A Service, or one host of a ServiceEntry, with what resolution has found out.
 *
 * @param selector of pods; empty when endpoints are listed
 * @param waypoint the Gateway that it is attached to
 * @param endpoints in the order of their addresses
 */
record ServiceModel(
        ServiceInfo info,
        Map<String, String> annotations,
        String created,
        List<Cidr> addresses,
        List<Port> ports,
        Resolution resolution,
        Optional<GatewayRef> waypoint,
        List<Member> endpoints,
        Traits traits,
        SourceRef source) {

    /**
     * What else a service says of itself.
     *
     * @param localOnly only endpoints of the waypoint's own node count (internalTrafficPolicy)
     * @param exportTo namespaces that see it; empty is all
     * @param alias the name that an ExternalName service stands for; empty for all others
     * @param raceAddresses all addresses of a name are tried at once (istio.io/connect-strategy)
     */
    record Traits(
            TrafficDistribution distribution,
            boolean localOnly,
            List<String> exportTo,
            String alias,
            List<String> subjectAltNames,
            boolean raceAddresses) {
        static final Traits NONE = new Traits(TrafficDistribution.ANY, false, List.of(), "", List.of(), false);

        Traits {
            exportTo = List.copyOf(exportTo);
            subjectAltNames = List.copyOf(subjectAltNames);
        }
    }

    enum Resolution {
        STATIC,
        NONE,
        DNS,
        DNS_ROUND_ROBIN,
        DYNAMIC_DNS
    }

    /** @param target number; 0 is by name, the endpoint knows */
    record Port(int number, String name, PortProtocol protocol, String targetName, int target) {}

    /**
     * One endpoint.
     *
     * @param ports service port to the port of the endpoint
     * @param labels that subsets look at
     * @param pod the workload; for endpoints written to a ServiceEntry or EndpointSlice one made of what is written
     */
    record Member(
            String address,
            Map<Integer, Integer> ports,
            Map<String, String> labels,
            PodModel pod,
            int weight,
            boolean ready) {}

    String host() {
        return info.hostname();
    }

    String key() {
        return info.namespace() + "/" + info.hostname();
    }

    Optional<Port> port(int number) {
        for (Port p : ports) {
            if (p.number() == number) {
                return Optional.of(p);
            }
        }
        return Optional.empty();
    }

    ServiceModel withEndpoints(List<Member> members) {
        return new ServiceModel(
                info,
                annotations,
                created,
                addresses,
                ports,
                resolution,
                waypoint,
                List.copyOf(members),
                traits,
                source);
    }

    /** Among services of one age istiod orders by name; that of a ServiceEntry's service is its host. */
    String order() {
        return info.kind().equals("ServiceEntry") ? host() : info.name();
    }

    boolean visibleTo(String namespace) {
        return Visibility.visible(traits.exportTo(), info.namespace(), namespace);
    }

    boolean ownedBy(GatewayRef gateway) {
        return waypoint.isPresent() && waypoint.get().equals(gateway);
    }
}
