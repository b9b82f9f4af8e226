package io.milepost.config.kube.authz;

import com.fasterxml.jackson.databind.JsonNode;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.KubeObject;
import io.milepost.mesh.Condition;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.SourceRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** One AuthorizationPolicy, read for one layer. */
final class PolicyReader {
    enum Action {
        ALLOW,
        DENY,
        AUDIT,
        CUSTOM
    }

    private static final Set<String> SPEC =
            Set.of("selector", "targetRef", "targetRefs", "action", "provider", "rules");

    private final MeshSettings mesh;
    private final Consumer<Finding> report;

    PolicyReader(MeshSettings mesh, Consumer<Finding> report) {
        this.mesh = mesh;
        this.report = report;
    }

    /** An action that is not known denies. */
    static Action action(KubeObject policy) {
        return switch (policy.spec().path("action").asText("ALLOW")) {
            case "ALLOW", "" -> Action.ALLOW;
            case "AUDIT" -> Action.AUDIT;
            case "CUSTOM" -> Action.CUSTOM;
            default -> Action.DENY;
        };
    }

    /** Whether it only is looked at, as strconv.ParseBool reads the annotation. */
    static boolean dryRun(KubeObject policy) {
        String v = policy.annotations().getOrDefault("istio.io/dry-run", "").toLowerCase(Locale.ROOT);
        return v.equals("true") || v.equals("1") || v.equals("t");
    }

    static String provider(KubeObject policy) {
        return policy.spec().path("provider").path("name").asText("");
    }

    /** One entry for each rule that has a meaning on this layer. */
    List<PolicySet.Policy> read(KubeObject policy, RuleReader.Mode mode) {
        Action action = action(policy);
        String prefix = (action == Action.CUSTOM ? "istio-ext-authz-" + provider(policy) + "-" : "") + "ns["
                + policy.namespace() + "]-policy[" + policy.name() + "]-rule[";
        String provider = action == Action.CUSTOM ? provider(policy) : "";
        List<PolicySet.Policy> out = new ArrayList<>();
        try {
            check(policy);
            RuleReader reader =
                    new RuleReader(mode, action == Action.ALLOW, policy.namespace(), new TrustDomains(mesh));
            List<JsonNode> rules = Shape.list(policy.spec(), "spec", "rules");
            if (rules.isEmpty()) {
                if (action != Action.ALLOW) {
                    report.accept(Finding.warning(
                            policy.ref("spec.rules"),
                            "is empty: the policy matches nothing; add a rule, or [{}] for all"));
                }
                return List.of(new PolicySet.Policy(prefix + "0]", RuleReader.never(), provider, policy.ref()));
            }
            for (int i = 0; i < rules.size(); i++) {
                String field = "spec.rules[" + i + "]";
                Optional<Condition> c = reader.read(rules.get(i), field);
                if (c.isPresent()) {
                    out.add(new PolicySet.Policy(prefix + i + "]", c.get(), provider, policy.ref(field)));
                }
            }
        } catch (PolicyException e) {
            SourceRef where = policy.ref(e.field());
            report.accept(Finding.error(
                    where,
                    e.getMessage() + " (until then the policy fails closed: "
                            + (action == Action.ALLOW ? "it allows nothing" : "it matches everything") + ")"));
            String id = prefix + "0]";
            Condition c = new Condition.NotUnderstood(e.field() + ": " + e.getMessage(), where);
            return List.of(new PolicySet.Policy(id, c, provider, where));
        }
        return out;
    }

    private static void check(KubeObject policy) {
        JsonNode spec = policy.spec();
        if (spec.isMissingNode() || spec.isNull()) {
            return;
        }
        Shape.object(spec, "spec", SPEC);
        String action = spec.path("action").asText("ALLOW");
        if (!Set.of("ALLOW", "DENY", "AUDIT", "CUSTOM", "").contains(action)) {
            throw new PolicyException(
                    "spec.action", "\"" + action + "\" is not known; use ALLOW, DENY, AUDIT or CUSTOM");
        }
        if (action.equals("CUSTOM") && provider(policy).isEmpty()) {
            throw new PolicyException(
                    "spec.provider.name", "is missing; name an extension provider of the mesh config");
        }
        if (spec.has("selector")) {
            Shape.object(spec.path("selector"), "spec.selector", Set.of("matchLabels"));
        }
    }
}
