package io.milepost.config.kube;

/** Names an object; with equality of its own for the reason given in {@link Label}. */
record ObjectKey(String kind, String namespace, String name) {
    static ObjectKey of(KubeObject o) {
        return new ObjectKey(o.kind(), o.namespace(), o.name());
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof ObjectKey k && name.equals(k.name) && kind.equals(k.kind) && namespace.equals(k.namespace);
    }

    @Override
    public int hashCode() {
        return (kind.hashCode() * 31 + namespace.hashCode()) * 31 + name.hashCode();
    }
}
