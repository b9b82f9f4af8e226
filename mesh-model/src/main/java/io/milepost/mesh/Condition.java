package io.milepost.mesh;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * A tree over the closed set of attributes that authorization can see. A policy is a condition; permissions and
 * principals of Envoy's RBAC are both conditions.
 */
public sealed interface Condition {
    record And(List<Condition> all) implements Condition {
        public And {
            all = List.copyOf(all);
        }
    }

    record Or(List<Condition> any) implements Condition {
        public Or {
            any = List.copyOf(any);
        }
    }

    record Not(Condition condition) implements Condition {}

    record Any() implements Condition {}

    /** The SPIFFE URI of the tunnel's peer. */
    record PeerPrincipal(ValueMatch value) implements Condition {}

    /** Address of the client's tunnel connection. */
    record SourceIp(Cidr range) implements Condition {}

    /** Last entry of x-forwarded-for when it is a plain address, otherwise the address of the tunnel connection. */
    record RemoteIp(Cidr range) implements Condition {}

    record DestinationIp(Cidr range) implements Condition {}

    /** The service port for service-addressed traffic; inclusive bounds. */
    record DestinationPort(int from, int to) implements Condition {}

    /** The normalised path without query. */
    record Path(ValueMatch value) implements Condition {}

    /** {@code {*}} is one non-empty segment, {@code {**}} the rest. */
    record PathTemplate(String template) implements Condition {}

    record Header(HeaderMatch match) implements Condition {}

    record RequestedServerName(ValueMatch value) implements Condition {}

    /**
     * A value of the verified token: {@code request.auth.principal}, {@code .audiences}, {@code .presenter}, {@code
     * .claims}.
     *
     * @param path keys below the payload
     */
    record Claim(List<String> path, ValueMatch value) implements Condition {
        public Claim {
            path = List.copyOf(path);
        }
    }

    /**
     * Something that was not understood. It fails closed: it counts as matching in a DENY and as not matching in an
     * ALLOW, also below {@link Not}.
     */
    record NotUnderstood(String what, SourceRef source) implements Condition {}

    Any ANY = new Any();

    /** All of them: {@link Any} adds nothing, a conjunction in a conjunction is one. */
    static Condition allOf(List<Condition> list) {
        Set<Condition> needed = new LinkedHashSet<>();
        for (Condition c : list) {
            if (c instanceof And and) {
                needed.addAll(and.all());
            } else if (!(c instanceof Any)) {
                needed.add(c);
            }
        }
        List<Condition> out = List.copyOf(needed);
        return out.isEmpty() ? ANY : out.size() == 1 ? out.getFirst() : new And(out);
    }

    /** One of them; of none, nothing. */
    static Condition anyOf(List<Condition> list) {
        return list.size() == 1 ? list.getFirst() : new Or(list);
    }
}
