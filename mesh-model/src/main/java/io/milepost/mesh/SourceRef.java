package io.milepost.mesh;

/**
 * What the user wrote that led to a piece of configuration.
 *
 * @param kind for example {@code HTTPRoute}
 * @param namespace empty for cluster-scoped objects
 * @param name the object's name
 * @param field path below the object, for example {@code spec.rules[2]}; empty for the object as a whole
 */
public record SourceRef(String kind, String namespace, String name, String field) {
    /** Configuration that nobody wrote: a default of the mesh. */
    public static final SourceRef DEFAULT = new SourceRef("Default", "", "", "");

    public SourceRef at(String fieldPath) {
        return new SourceRef(kind, namespace, name, fieldPath);
    }

    // Written out: the equality of records is put together at run time, and slow until it is compiled. A first
    // translation
    // asks for it once for each rule.
    @Override
    public boolean equals(Object o) {
        return o instanceof SourceRef s
                && field.equals(s.field)
                && name.equals(s.name)
                && namespace.equals(s.namespace)
                && kind.equals(s.kind);
    }

    @Override
    public int hashCode() {
        return ((kind.hashCode() * 31 + namespace.hashCode()) * 31 + name.hashCode()) * 31 + field.hashCode();
    }

    @Override
    public String toString() {
        return kind + " " + (namespace.isEmpty() ? "" : namespace + "/") + name + (field.isEmpty() ? "" : " " + field);
    }
}
