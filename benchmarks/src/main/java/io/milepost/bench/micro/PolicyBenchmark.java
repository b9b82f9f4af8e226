package io.milepost.bench.micro;

import io.milepost.http.RequestHead;
import io.milepost.mesh.IpAddress;
import io.milepost.policy.Attributes;
import io.milepost.policy.AuthzDecision;
import io.milepost.policy.CompiledPolicies;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A policy of 20 rules of which the last one admits. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class PolicyBenchmark {
    private final CompiledPolicies policies =
            CompiledPolicies.compile(Fixtures.realistic().policies());
    private final Facts facts = new Facts();

    @Benchmark
    public AuthzDecision decide() {
        return policies.decide(facts);
    }

    /** A client of namespace default. */
    private static final class Facts implements Attributes {
        private final RequestHead request = Fixtures.request();
        private final IpAddress source = IpAddress.parse("10.0.0.9").orElseThrow();
        private final IpAddress destination = IpAddress.parse("10.97.0.1").orElseThrow();

        @Override
        public String peerPrincipal() {
            return "spiffe://cluster.local/ns/default/sa/client";
        }

        @Override
        public IpAddress sourceIp() {
            return source;
        }

        @Override
        public IpAddress remoteIp() {
            return source;
        }

        @Override
        public IpAddress destinationIp() {
            return destination;
        }

        @Override
        public int destinationPort() {
            return 80;
        }

        @Override
        public RequestHead request() {
            return request;
        }

        @Override
        public @Nullable String requestedServerName() {
            return null;
        }

        @Override
        public @Nullable Claims claims() {
            return null;
        }
    }
}
