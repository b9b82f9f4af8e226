package io.milepost.config.kube;

/**
 * One label (or target) of a namespace, as a key of indexes.
 *
 * <p>Equality is written out, here and in {@link ObjectKey}: that of records is put together at run time, and until it is
 * compiled, in the first translation of a process, it costs more than all else that a look-up does.
 */
record Label(String namespace, String key, String value) {
    @Override
    public boolean equals(Object o) {
        return o instanceof Label l && value.equals(l.value) && key.equals(l.key) && namespace.equals(l.namespace);
    }

    @Override
    public int hashCode() {
        return (namespace.hashCode() * 31 + key.hashCode()) * 31 + value.hashCode();
    }
}
