package io.milepost.config.xds;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.IpAddress;
import io.milepost.mesh.Locality;
import io.milepost.mesh.MeshService;
import io.milepost.mesh.SpiffeId;
import io.milepost.mesh.Workload;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Istio's workload and service records (istio.workload.Address) from JSON. */
final class AddressReader {
    private final Findings findings;
    private final String trustDomain;

    AddressReader(Findings findings, String trustDomain) {
        this.findings = findings;
        this.trustDomain = trustDomain;
    }

    Workload workload(JsonNode w) {
        List<IpAddress> addresses = new ArrayList<>();
        w.path("addresses")
                .forEach(a -> ip("workload " + w.path("uid").asText(), a).ifPresent(addresses::add));
        Map<String, Map<Integer, Integer>> services = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> e : w.path("services").properties()) {
            services.put(e.getKey(), Map.copyOf(ports(e.getValue().path("ports"))));
        }
        List<String> policies = new ArrayList<>();
        w.path("authorization_policies").forEach(p -> policies.add(p.asText()));
        JsonNode l = w.path("locality");
        return new Workload(
                text(w, "uid", ""),
                text(w, "name", ""),
                text(w, "namespace", ""),
                addresses,
                text(w, "hostname", ""),
                new SpiffeId(
                        text(w, "trust_domain", trustDomain), text(w, "namespace", ""), text(w, "service_account", "")),
                text(w, "workload_name", ""),
                text(w, "workload_type", "DEPLOYMENT").toLowerCase(Locale.ROOT),
                text(w, "canonical_name", ""),
                text(w, "canonical_revision", ""),
                text(w, "cluster_id", ""),
                text(w, "network", ""),
                text(w, "node", ""),
                new Locality(text(l, "region", ""), text(l, "zone", ""), text(l, "subzone", "")),
                text(w, "tunnel_protocol", "NONE").equals("HBONE"),
                text(w, "status", "HEALTHY").equals("HEALTHY"),
                w.path("capacity").asInt(1),
                services,
                waypoint(w.path("waypoint")),
                policies);
    }

    MeshService service(JsonNode s) {
        String hostname = text(s, "hostname", "");
        List<Cidr> addresses = new ArrayList<>();
        for (JsonNode a : s.path("addresses")) {
            ip("service " + hostname, a.path("address"))
                    .ifPresent(ip -> addresses.add(
                            Cidr.of(ip, Math.min(ip.bits(), a.path("length").asInt(ip.bits())))));
        }
        List<String> sans = new ArrayList<>();
        s.path("subject_alt_names").forEach(x -> sans.add(x.asText()));
        return new MeshService(
                text(s, "name", ""),
                text(s, "namespace", ""),
                hostname,
                addresses,
                ports(s.path("ports")),
                sans,
                waypoint(s.path("waypoint")),
                balancing(hostname, s.path("load_balancing")));
    }

    private MeshService.Balancing balancing(String hostname, JsonNode l) {
        if (l.isMissingNode() || l.isNull()) {
            return MeshService.Balancing.STANDARD;
        }
        MeshService.Mode mode = switch (text(l, "mode", "UNSPECIFIED_MODE")) {
            case "STRICT" -> MeshService.Mode.STRICT;
            case "FAILOVER" -> MeshService.Mode.FAILOVER;
            case "PASSTHROUGH" -> MeshService.Mode.PASSTHROUGH;
            default -> MeshService.Mode.STANDARD;
        };
        List<MeshService.Scope> scopes = new ArrayList<>();
        for (JsonNode p : l.path("routing_preference")) {
            switch (p.asText()) {
                case "REGION" -> scopes.add(MeshService.Scope.REGION);
                case "ZONE" -> scopes.add(MeshService.Scope.ZONE);
                case "SUBZONE" -> scopes.add(MeshService.Scope.SUBZONE);
                case "NODE" -> scopes.add(MeshService.Scope.NODE);
                case "CLUSTER" -> scopes.add(MeshService.Scope.CLUSTER);
                case "NETWORK" -> scopes.add(MeshService.Scope.NETWORK);
                default -> findings.add("service " + hostname, "routing_preference " + p.asText() + " has no effect");
            }
        }
        return new MeshService.Balancing(
                mode, scopes, text(l, "health_policy", "").equals("ALLOW_ALL"));
    }

    private static Map<Integer, Integer> ports(JsonNode list) {
        Map<Integer, Integer> out = new LinkedHashMap<>();
        list.forEach(p ->
                out.put(p.path("service_port").asInt(), p.path("target_port").asInt(0)));
        return out;
    }

    private Optional<Workload.WaypointRef> waypoint(JsonNode w) {
        if (w.isMissingNode() || w.isNull()) {
            return Optional.empty();
        }
        int port = w.path("hbone_mtls_port").asInt(15008);
        JsonNode host = w.path("hostname");
        if (!host.isMissingNode()) {
            return Optional.of(new Workload.WaypointRef(
                    text(host, "namespace", "") + "/" + text(host, "hostname", ""), Optional.empty(), port));
        }
        return Optional.of(
                new Workload.WaypointRef("", ip("waypoint", w.path("address").path("address")), port));
    }

    private Optional<IpAddress> ip(String where, JsonNode base64) {
        try {
            return Optional.of(IpAddress.of(Base64.getDecoder().decode(base64.asText())));
        } catch (IllegalArgumentException e) {
            findings.add(where, "the address " + base64 + " is no address and is left out (" + e.getMessage() + ")");
            return Optional.empty();
        }
    }

    private static String text(JsonNode n, String field, String otherwise) {
        String t = n.path(field).asText("");
        return t.isEmpty() ? otherwise : t;
    }
}
