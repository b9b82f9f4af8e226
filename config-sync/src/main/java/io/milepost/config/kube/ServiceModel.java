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
        SourceRef source) {

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
     * @param pod the workload; empty for addresses that nobody described
     */
    record Member(
            String address,
            Map<Integer, Integer> ports,
            Map<String, String> labels,
            Optional<PodModel> pod,
            int weight,
            boolean ready) {}

    String host() {
        return info.hostname();
    }

    String key() {
        return info.namespace() + "/" + info.hostname();
    }

    Optional<Port> port(int number) {
        return ports.stream().filter(p -> p.number() == number).findFirst();
    }

    boolean ownedBy(GatewayRef gateway) {
        return waypoint.filter(gateway::equals).isPresent();
    }
}
