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

    @Override
    public String toString() {
        return kind + " " + (namespace.isEmpty() ? "" : namespace + "/") + name + (field.isEmpty() ? "" : " " + field);
    }
}
