package io.milepost.config.kube;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * What {@code credentialName} names: a Secret (or {@code configmap://}) of the waypoint's own namespace, in the forms that
 * istiod reads. Authorities may stand in a Secret of their own, {@code NAME-cacert}, which then precedes.
 */
final class Credentials {
    private static final String CONFIG_MAP = "configmap://";
    private static final String OWN_AUTHORITIES = "-cacert";

    private final KubeObjects objects;
    private final GatewayRef waypoint;
    private final boolean map;
    private final String namespace;
    private final String name;

    Credentials(KubeObjects objects, GatewayRef waypoint, String credentialName) {
        this.objects = objects;
        this.waypoint = waypoint;
        map = credentialName.startsWith(CONFIG_MAP);
        String plain = map ? credentialName.substring(CONFIG_MAP.length()) : strip(credentialName);
        int slash = plain.indexOf('/');
        namespace = slash < 0 ? waypoint.namespace() : plain.substring(0, slash);
        name = plain.substring(slash + 1);
    }

    private static String strip(String name) {
        return name.startsWith("kubernetes://") ? name.substring("kubernetes://".length()) : name;
    }

    /** What is looked for, for messages; always in the waypoint's namespace. */
    @Override
    public String toString() {
        return (map ? "ConfigMap " : "Secret ") + waypoint.namespace() + "/" + name;
    }

    /** Authorities in PEM form; empty when there are none. */
    String authorities() {
        String own = map ? "" : text(name + OWN_AUTHORITIES, "ca.crt", "cacert");
        return own.isEmpty() ? text(name, "ca.crt", "cacert") : own;
    }

    String certificate() {
        return text(name, "tls.crt", "cert");
    }

    String key() {
        return text(name, "tls.key", "key");
    }

    private String text(String object, String... keys) {
        // A Secret of another namespace belongs to somebody else.
        Optional<KubeObject> o = namespace.equals(waypoint.namespace())
                ? objects.find(map ? "ConfigMap" : "Secret", namespace, object)
                : Optional.empty();
        for (String key : keys) {
            String found = o.map(x -> text(x, key)).orElse("");
            if (!found.isEmpty()) {
                return found;
            }
        }
        return "";
    }

    private String text(KubeObject o, String key) {
        if (map) {
            return o.root().path("data").path(key).asText("");
        }
        String plain = o.root().path("stringData").path(key).asText("");
        return plain.isEmpty() ? decode(o.root().path("data").path(key).asText("")) : plain;
    }

    /** What is no base64 is no credential. */
    private static String decode(String encoded) {
        try {
            return new String(Base64.getMimeDecoder().decode(encoded), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return "";
        }
    }
}
