package io.milepost.telemetry;

import io.milepost.telemetry.LogContext.Metadata;
import java.util.Locale;

/** What others attached to a stream: metadata and filter state. */
final class MetadataOperators {
    private MetadataOperators() {}

    /** METADATA: the kind stands in front of the argument. */
    static Operator typed(String argument, int length) {
        int colon = argument.indexOf(':');
        String type = colon < 0 ? argument : argument.substring(0, colon);
        String rest = colon < 0 ? "" : argument.substring(colon + 1);
        return switch (type.toUpperCase(Locale.ROOT)) {
            case "DYNAMIC" -> of("METADATA", Metadata.DYNAMIC, rest, length);
            case "CLUSTER" -> of("METADATA", Metadata.CLUSTER, rest, length);
            case "UPSTREAM_HOST" -> of("METADATA", Metadata.UPSTREAM_HOST, rest, length);
            case "ROUTE" -> of("METADATA", Metadata.ROUTE, rest, length);
            case "LISTENER", "LISTENER_FILTER_CHAIN", "VIRTUAL_HOST" -> Operators.ABSENT;
            default ->
                throw Operators.problem(
                        "METADATA",
                        "has the type \"" + type
                                + "\"; use DYNAMIC, CLUSTER, UPSTREAM_HOST, ROUTE, LISTENER or VIRTUAL_HOST");
        };
    }

    static Operator of(String name, Metadata where, String argument, int length) {
        if (argument.isEmpty()) {
            throw Operators.problem(name, "needs a namespace, as in %" + name + "(namespace:key)%");
        }
        int colon = argument.indexOf(':');
        String namespace = colon < 0 ? argument : argument.substring(0, colon);
        String path = colon < 0 ? "" : argument.substring(colon + 1);
        return (c, out, mode) -> {
            CharSequence v = c.metadata(where, namespace, path);
            if (v == null) {
                return false;
            }
            boolean object = !v.isEmpty() && (v.charAt(0) == '{' || v.charAt(0) == '[');
            return Operators.write(v, length, out, object && mode == Out.Mode.JSON ? Out.Mode.TEXT : mode);
        };
    }

    static Operator filterState(String argument, int length) {
        String[] p = argument.split(":", 3);
        String form = p.length > 1 ? p[1] : "TYPED";
        if (!form.equals("PLAIN") && !form.equals("TYPED") && !(form.equals("FIELD") && p.length == 3)) {
            throw Operators.problem("FILTER_STATE", "needs key:PLAIN, key:TYPED or key:FIELD:name, not " + argument);
        }
        String field = p.length == 3 ? p[2] : "";
        return (c, out, mode) -> {
            CharSequence v = c.filterState(p[0], field);
            if (v != null && form.equals("TYPED") && mode == Out.Mode.TEXT) {
                // As JSON, which is what a text has its quotes from.
                return Operators.write("\"" + v + '"', length, out, mode);
            }
            return v != null && Operators.write(v, length, out, mode);
        };
    }
}
