package io.milepost.waypoint.upstream;

import io.milepost.mesh.Cluster.Dns;
import io.milepost.mesh.IpAddress;
import java.util.List;
import java.util.function.Consumer;

/** Looks names up without blocking. */
public interface NameResolver extends AutoCloseable {
    /** What is known of a name. */
    sealed interface Answer {
        /** @param ttlMillis how long the addresses may be used */
        record Found(List<IpAddress> addresses, long ttlMillis) implements Answer {
            public Found {
                addresses = List.copyOf(addresses);
            }
        }

        /** The name exists nowhere, or has no address of the family. */
        record Missing() implements Answer {}

        /** No usable answer came: what was known before stays in use. */
        record Failed(String reason) implements Answer {}
    }

    /** Calls {@code then} once, on any thread. */
    void resolve(String name, Dns.Family family, Consumer<Answer> then);

    @Override
    void close();

    /** For configurations without names: every lookup fails. */
    static NameResolver none() {
        return new NameResolver() {
            @Override
            public void resolve(String name, Dns.Family family, Consumer<Answer> then) {
                then.accept(new Answer.Failed("there is no resolver"));
            }

            @Override
            public void close() {
                // Nothing is open.
            }
        };
    }
}
