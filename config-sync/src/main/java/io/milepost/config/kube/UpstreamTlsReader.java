package io.milepost.config.kube;

import io.milepost.mesh.Cluster.UpstreamTls;
import io.milepost.mesh.ValueMatch;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * {@code trafficPolicy.tls}: TLS towards the application, inside the tunnel. What is not understood lets connections
 * fail; nothing goes out in the clear that was meant to be encrypted.
 */
final class UpstreamTlsReader {
    /** A CA text without a certificate: no peer can be verified. */
    private static final Optional<String> NOBODY = Optional.of("");

    private final KubeObjects objects;
    private final GatewayRef waypoint;

    UpstreamTlsReader(KubeObjects objects, GatewayRef waypoint) {
        this.objects = objects;
        this.waypoint = waypoint;
    }

    Optional<UpstreamTls> read(Fields f, boolean h2) {
        String mode = f.text("mode", "DISABLE");
        return switch (mode) {
            case "DISABLE" -> Optional.empty();
            case "ISTIO_MUTUAL" -> {
                f.info(
                        "mode",
                        "ISTIO_MUTUAL changes nothing at a waypoint: endpoints with HBONE have mutual TLS anyway");
                f.skip("sni", "subjectAltNames");
                yield Optional.empty();
            }
            case "SIMPLE" -> Optional.of(tls(f, h2, false));
            case "MUTUAL" -> Optional.of(tls(f, h2, true));
            default -> {
                f.error("mode", "'" + mode + "' is unknown: use DISABLE, SIMPLE, MUTUAL or ISTIO_MUTUAL");
                yield Optional.of(failing(f, h2));
            }
        };
    }

    private UpstreamTls tls(Fields f, boolean h2, boolean mutual) {
        if (f.has("caCrl")) {
            f.warn(
                    "caCrl",
                    "revocation lists are not supported, all connections of this policy fail: remove the field");
            f.skip("caCrl");
            return failing(f, h2);
        }
        Optional<String> cert = f.text("clientCertificate").filter(t -> !t.isEmpty());
        Optional<String> key = f.text("privateKey").filter(t -> !t.isEmpty());
        if (mutual && (cert.isEmpty() || key.isEmpty())) {
            f.warn(
                    "mode",
                    "MUTUAL needs clientCertificate and privateKey as files, all connections of this policy fail: name "
                            + "them and mount the files to the waypoint");
            return failing(f, h2);
        }
        Optional<String> file =
                f.text("caCertificates").filter(t -> !t.isEmpty()).filter(t -> !t.equals("system"));
        Optional<String> pem =
                f.text("credentialName").filter(t -> !t.isEmpty()).map(n -> authorities(f, n));
        return new UpstreamTls(
                f.text("sni").filter(t -> !t.isEmpty()),
                sans(f),
                file,
                mutual ? cert : Optional.empty(),
                mutual ? key : Optional.empty(),
                f.bool("insecureSkipVerify", false),
                h2,
                pem);
    }

    private static List<ValueMatch> sans(Fields f) {
        return f.texts("subjectAltNames").stream()
                .<ValueMatch>map(ValueMatch::exact)
                .toList();
    }

    private static UpstreamTls failing(Fields f, boolean h2) {
        f.skip("sni", "subjectAltNames", "caCertificates", "credentialName", "insecureSkipVerify");
        return new UpstreamTls(
                Optional.empty(), List.of(), Optional.empty(), Optional.empty(), Optional.empty(), false, h2, NOBODY);
    }

    /** A Secret or ConfigMap of the waypoint's own namespace. */
    private String authorities(Fields f, String name) {
        String prefix = "configmap://";
        boolean map = name.startsWith(prefix);
        String plain = map ? name.substring(prefix.length()) : name.replaceFirst("^kubernetes://", "");
        int slash = plain.indexOf('/');
        String namespace = slash < 0 ? waypoint.namespace() : plain.substring(0, slash);
        String object = plain.substring(slash + 1);
        String kind = map ? "ConfigMap" : "Secret";
        String pem = "";
        if (namespace.equals(waypoint.namespace())) {
            pem = objects.find(kind, namespace, object).map(o -> text(o, map)).orElse("");
        }
        if (pem.isEmpty()) {
            f.warn(
                    "credentialName",
                    "there is no " + kind + " " + waypoint.namespace() + "/" + object
                            + " with ca.crt, all connections of this policy fail: create it in the waypoint's namespace");
        }
        return pem;
    }

    private static String text(KubeObject o, boolean map) {
        for (String key : new String[] {"ca.crt", "cacert"}) {
            String plain = o.root().path(map ? "data" : "stringData").path(key).asText("");
            if (!plain.isEmpty()) {
                return plain;
            }
            String encoded = o.root().path("data").path(key).asText("");
            if (!map && !encoded.isEmpty()) {
                return decode(encoded);
            }
        }
        return "";
    }

    /** What is no base64 is no certificate. */
    private static String decode(String encoded) {
        try {
            return new String(Base64.getMimeDecoder().decode(encoded), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
