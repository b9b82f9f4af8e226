package io.milepost.config.kube;

/** Objects of namespace default as YAML documents, to be put one behind the other. */
final class TestObjects {
    private TestObjects() {}

    /** An object of {@code networking.istio.io}. */
    static String object(String kind, String name, String spec) {
        return object("networking.istio.io/v1", kind, name, spec);
    }

    static String object(String api, String kind, String name, String spec) {
        return object(api, kind, "default", name, spec);
    }

    /** @param name may be followed by more metadata: {@code a, creationTimestamp: '...'} */
    static String object(String api, String kind, String namespace, String name, String spec) {
        return "---\napiVersion: " + api + "\nkind: " + kind + "\nmetadata: {name: " + name + ", namespace: "
                + namespace + "}\nspec: " + spec + "\n";
    }

    /** An object of the Gateway API. */
    static String gateway(String kind, String name, String spec) {
        return object("gateway.networking.k8s.io/v1", kind, name, spec);
    }

    /** @param mesh the text of the mesh config */
    static String meshConfig(String mesh) {
        return "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: istio, namespace: istio-system}\ndata:\n  mesh: |\n"
                + mesh.indent(4);
    }
}
