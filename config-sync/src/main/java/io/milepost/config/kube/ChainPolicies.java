package io.milepost.config.kube;

import io.milepost.mesh.PolicySet;
import io.milepost.mesh.TelemetrySettings;

/** What all chains of a service have in common: who may, and what is logged. */
final class ChainPolicies {
    /** Who may, on the chains of one service. */
    record Who(PolicySet http, PolicySet tcp) {}

    private final PolicyTranslator policies;
    private final KubeObjects objects;
    private final GatewayInfo gateway;
    private final Telemetries telemetry;
    private final Report report;

    ChainPolicies(
            PolicyTranslator policies, KubeObjects objects, GatewayInfo gateway, Telemetries telemetry, Report report) {
        this.policies = policies;
        this.objects = objects;
        this.gateway = gateway;
        this.telemetry = telemetry;
        this.report = report;
    }

    Who who(ServiceInfo s) {
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
