package io.milepost.config.kube;

import io.milepost.mesh.Cluster.UpstreamTls;
import io.milepost.mesh.Cluster.UpstreamTls.Identity;
import io.milepost.mesh.PrivateKeyText;
import io.milepost.mesh.ValueMatch;
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
        Optional<Credentials> credentials =
                f.text("credentialName").filter(t -> !t.isEmpty()).map(n -> new Credentials(objects, waypoint, n));
        Optional<String> cert = f.text("clientCertificate").filter(t -> !t.isEmpty());
        Optional<String> key = f.text("privateKey").filter(t -> !t.isEmpty());
        Optional<Identity> identity = mutual ? credentials.flatMap(c -> identity(f, c)) : Optional.empty();
        if (mutual && identity.isEmpty() && (credentials.isPresent() || cert.isEmpty() || key.isEmpty())) {
            if (credentials.isEmpty()) {
                f.warn(
                        "mode",
                        "MUTUAL needs a certificate and a key, all connections of this policy fail: write credentialName "
                                + "(a Secret of the waypoint's namespace), or clientCertificate and privateKey with files "
                                + "mounted to the waypoint");
            }
            return failing(f, h2);
        }
        boolean unverified = f.bool("insecureSkipVerify", false);
        Optional<String> file =
                f.text("caCertificates").filter(t -> !t.isEmpty()).filter(t -> !t.equals("system"));
        Optional<String> pem = unverified ? Optional.empty() : credentials.map(c -> authorities(f, c));
        return new UpstreamTls(
                f.text("sni").filter(t -> !t.isEmpty()),
                sans(f),
                file,
                mutual && identity.isEmpty() ? cert : Optional.empty(),
                mutual && identity.isEmpty() ? key : Optional.empty(),
                unverified,
                h2,
                pem,
                identity);
    }

    private static List<ValueMatch> sans(Fields f) {
        return f.texts("subjectAltNames").stream()
                .<ValueMatch>map(ValueMatch::exact)
                .toList();
    }

    private static UpstreamTls failing(Fields f, boolean h2) {
        f.skip(
                "sni",
                "subjectAltNames",
                "caCertificates",
                "credentialName",
                "insecureSkipVerify",
                "clientCertificate",
                "privateKey");
        return UpstreamTls.PLAIN.withH2(h2).withCaPem(NOBODY);
    }

    /** What a Secret lets us present; a ConfigMap holds no keys. */
    private static Optional<Identity> identity(Fields f, Credentials c) {
        String cert = c.certificate();
        String key = c.key();
        if (cert.isEmpty() || key.isEmpty()) {
            f.warn(
                    "credentialName",
                    "there is no " + c
                            + " with tls.crt and tls.key, all connections of this policy fail: create a Secret "
                            + "of type kubernetes.io/tls in the waypoint's namespace");
            return Optional.empty();
        }
        return Optional.of(new Identity(cert, new PrivateKeyText(key)));
    }

    private static String authorities(Fields f, Credentials c) {
        String pem = c.authorities();
        if (pem.isEmpty()) {
            f.warn(
                    "credentialName",
                    "there is no " + c
                            + " with ca.crt, all connections of this policy fail: create it in the waypoint's "
                            + "namespace");
        }
        return pem;
    }
}
