package io.milepost.config.kube;

import io.milepost.mesh.PolicySet;
import io.milepost.mesh.TelemetrySettings;
import org.jspecify.annotations.Nullable;

/** What all chains of a service have in common: who may, and what is logged. */
final class ChainPolicies {
    /** Who may, on the chains of one service. */
    record Who(PolicySet http, PolicySet tcp) {}

    private final PolicyTranslator policies;
    private final KubeObjects objects;
    private final GatewayInfo gateway;
    private final Telemetries telemetry;
    private final Report report;
    private @Nullable Who common;

    /**
     * Keeps what is equal to what was there before, so that a chain changes only when it has to. Chains that have their
     * policies in common are judged once.
     */
    @SuppressWarnings("ReferenceEquality") // the very two that were compared last
    static final class Kept {
        private @Nullable PolicySet before;
        private @Nullable PolicySet now;
        private boolean equal;

        boolean isEqual(PolicySet old, PolicySet renewed) {
            if (old == renewed) {
                return true;
            }
            if (old != before || renewed != now) {
                before = old;
                now = renewed;
                equal = old.equals(renewed);
            }
            return equal;
        }
    }

    ChainPolicies(
            PolicyTranslator policies, KubeObjects objects, GatewayInfo gateway, Telemetries telemetry, Report report) {
        this.policies = policies;
        this.objects = objects;
        this.gateway = gateway;
        this.telemetry = telemetry;
        this.report = report;
    }

    /** Services that no policy names by themselves have in common what the waypoint has. */
    Who who(ServiceInfo s) {
        if (objects.isTargeted(PolicyTranslator.KIND, s) || objects.isTargeted(FailClosed.KIND, s)) {
            return read(s);
        }
        Who known = common;
        if (known == null) {
            known = read(ServiceInfo.DIRECT);
            common = known;
        }
        return known;
    }

    /** Some policy is other than before. */
    void whoAgain() {
        common = null;
    }

    private Who read(ServiceInfo s) {
        return new Who(
                FailClosed.guard(policies.forHttp(objects, s, gateway), objects, s, gateway),
                policies.forTcp(objects, s, gateway));
    }

    TelemetrySettings logs(ServiceInfo s) {
        return report.in(logsPart(s), () -> telemetry.of(s));
    }

    /** Forgets what was said of the logs of a service, because it is decided anew. */
    void logsAgain(ServiceInfo s) {
        report.again(logsPart(s));
    }

    private static String logsPart(ServiceInfo s) {
        return "logs " + s.hostname();
    }
}
