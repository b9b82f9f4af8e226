package io.milepost.config.kube.authz;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.milepost.config.kube.Finding;
import io.milepost.config.kube.GatewayInfo;
import io.milepost.config.kube.KubeObject;
import io.milepost.config.kube.KubeObjects;
import io.milepost.config.kube.ServiceInfo;
import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.MeshSettings;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.ValueMatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Golden values: the RBAC trees that istiod made of the recorded cases authz-*, and measured-behaviour.md. */
class AuthorizationTranslatorTest {
    private static final YAMLMapper YAML = new YAMLMapper();
    private static final MeshSettings MESH =
            new MeshSettings("cluster.local", List.of("old.td", "older.td"), "istio-system", 5_000, 15_000);
    private static final GatewayInfo WAYPOINT =
            new GatewayInfo("default", "waypoint", "istio-waypoint", Map.of(), MESH);
    private static final ServiceInfo REVIEWS =
            new ServiceInfo("Service", "default", "reviews", "reviews.default.svc.cluster.local", Map.of());

    private final AuthorizationTranslator translator = new AuthorizationTranslator();

    static Stream<Arguments> rules() {
        return Stream.of(
                // authz-source
                rule(
                        "from: [{source: {principals: [cluster.local/ns/a/sa/b/c]}}]",
                        peer("spiffe://cluster.local/ns/a/sa/b/c")),
                rule(
                        "from: [{source: {principals: ['foreign.td/ns/default/*']}}]",
                        new Condition.PeerPrincipal(ValueMatch.prefix("spiffe://foreign.td/ns/default/"))),
                rule("from: [{source: {principals: ['*/sa/intruder']}}]", regex("spiffe://.*/sa/intruder")),
                rule("from: [{source: {principals: ['*']}}]", new Condition.PeerPrincipal(ValueMatch.NOT_EMPTY)),
                rule("from: [{source: {principals: ['spiffe://x/ns/y/sa/z']}}]", peer("spiffe://spiffe://x/ns/y/sa/z")),
                rule("from: [{source: {notNamespaces: [default]}}]", new Condition.Not(regex(".*/ns/default/.*"))),
                rule(
                        "from: [{source: {namespaces: ['istio-*', '*her']}}]",
                        or(regex(".*/ns/istio-.*/.*"), regex(".*/ns/.*her/.*"))),
                rule(
                        "from: [{source: {serviceAccounts: [client]}}]",
                        regex("spiffe://.+/ns/default/(.+/|)sa/client(/.+)?")),
                rule(
                        "from: [{source: {serviceAccounts: [other/intruder]}}]",
                        regex("spiffe://.+/ns/other/(.+/|)sa/intruder(/.+)?")),
                rule(
                        "from: [{source: {trustDomains: [old.td]}}]",
                        new Condition.PeerPrincipal(ValueMatch.prefix("spiffe://old.td/"))),
                // authz-trust
                rule(
                        "from: [{source: {principals: [old.td/ns/default/sa/client]}}]",
                        or(
                                peer("spiffe://cluster.local/ns/default/sa/client"),
                                peer("spiffe://old.td/ns/default/sa/client"),
                                peer("spiffe://older.td/ns/default/sa/client"))),
                rule(
                        "from: [{source: {principals: ['old.td/ns/default/*']}}]",
                        new Condition.PeerPrincipal(ValueMatch.prefix("spiffe://old.td/ns/default/"))),
                rule(
                        "from: [{source: {principals: ['*.td/ns/default/sa/client']}}]",
                        or(
                                peer("spiffe://cluster.local/ns/default/sa/client"),
                                regex("spiffe://.*\\.td/ns/default/sa/client"))),
                // jwt-authz
                rule(
                        "from: [{source: {requestPrincipals: ['a.example/*']}}]",
                        and(claim("iss", ValueMatch.exact("a.example")), claim("sub", ValueMatch.NOT_EMPTY))),
                rule(
                        "when: [{key: 'request.auth.claims[nested][a]', values: [deep]}]",
                        new Condition.Claim(List.of("nested", "a"), ValueMatch.exact("deep"))),
                rule("when: [{key: request.auth.audiences, values: [bank]}]", claim("aud", ValueMatch.exact("bank"))),
                // authz-ip, authz-ip-direct
                rule("from: [{source: {ipBlocks: [10.0.0.0/8]}}]", new Condition.SourceIp(cidr("10.0.0.0/8"))),
                rule(
                        "from: [{source: {notRemoteIpBlocks: [192.0.2.7]}}]",
                        new Condition.Not(new Condition.RemoteIp(cidr("192.0.2.7/32")))),
                rule(
                        "when: [{key: destination.ip, values: [10.96.0.31]}]",
                        new Condition.DestinationIp(cidr("10.96.0.31/32"))),
                // authz-hosts-ports
                rule(
                        "to: [{operation: {hosts: ['*.example']}}]",
                        new Condition.Header(new HeaderMatch(":authority", new ValueMatch.Suffix(".example", true)))),
                rule("to: [{operation: {hosts: ['*']}}]", header(":authority", ValueMatch.PRESENT)),
                rule(
                        "to: [{operation: {ports: ['7070', '70']}}]",
                        or(new Condition.DestinationPort(7070, 7070), new Condition.DestinationPort(70, 70))),
                // authz-paths
                rule(
                        "to: [{operation: {methods: ['P*'], paths: [/wild-method]}}]",
                        and(header(":method", ValueMatch.prefix("P")), path(ValueMatch.exact("/wild-method")))),
                rule("to: [{operation: {paths: ['*.json']}}]", path(ValueMatch.suffix(".json"))),
                rule("to: [{operation: {paths: ['*']}}]", path(ValueMatch.NOT_EMPTY)),
                rule("to: [{operation: {paths: ['/mid/{*}/end']}}]", new Condition.PathTemplate("/mid/{*}/end")),
                rule(
                        "to: [{operation: {paths: ['/area/*'], notPaths: [/area/open, '/area/pub*']}}]",
                        and(
                                path(ValueMatch.prefix("/area/")),
                                new Condition.Not(or(
                                        path(ValueMatch.exact("/area/open")), path(ValueMatch.prefix("/area/pub")))))),
                // authz-when
                rule(
                        "when: [{key: 'request.headers[X-Team]', values: ['*green']}]",
                        header("x-team", ValueMatch.suffix("green"))),
                rule(
                        "when: [{key: 'request.headers[x-team]', notValues: ['*']}]",
                        new Condition.Not(header("x-team", ValueMatch.PRESENT))),
                rule(
                        "when: [{key: 'request.headers[Host]', values: [some.host]}]",
                        header(":authority", ValueMatch.exact("some.host"))),
                rule(
                        "when: [{key: 'request.headers[cookie]', values: ['*admin=1*']}]",
                        header("cookie", ValueMatch.suffix("admin=1*"))),
                rule(
                        "when: [{key: connection.sni, values: [reviews.example]}]",
                        new Condition.RequestedServerName(ValueMatch.exact("reviews.example"))),
                rule("{}", Condition.ANY),
                // or of sources and operations
                rule(
                        "from: [{source: {namespaces: [a]}}, {source: {namespaces: [b]}}]\n  to: [{operation: {paths: [/x]}}]",
                        and(path(ValueMatch.exact("/x")), or(regex(".*/ns/a/.*"), regex(".*/ns/b/.*")))));
    }

    @ParameterizedTest
    @MethodSource("rules")
    void ruleBecomesIstiodsCondition(String yaml, Condition expected) {
        PolicySet set = http(policy(
                "p", "default", "action: DENY\ntargetRefs: [{kind: Service, name: reviews}]\nrules:\n- " + yaml));
        assertThat(set.deny()).hasSize(1);
        assertThat(set.deny().getFirst().id()).isEqualTo("ns[default]-policy[p]-rule[0]");
        assertThat(set.deny().getFirst().condition()).isEqualTo(expected);
        assertThat(set.deny().getFirst().source().toString()).isEqualTo("AuthorizationPolicy default/p spec.rules[0]");
    }

    /** Case authz-targets. */
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "default; {kind: Service, name: reviews}; true; false",
                "default; {group: core, kind: Service, name: reviews}; true; false",
                "default; {kind: Service, name: other}; false; false",
                "istio-system; {kind: Service, name: reviews}; false; false",
                "other; {kind: Service, name: reviews}; false; false",
                "default; {group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}; true; true",
                "other; {group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}; false; false",
                "default; {group: gateway.networking.k8s.io, kind: Gateway, name: other}; false; false",
                "istio-system; {group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}; true; true",
                "default; {group: gateway.networking.k8s.io, kind: GatewayClass, name: istio-waypoint}; false; false",
                "default; {group: networking.istio.io, kind: ServiceEntry, name: reviews}; false; false"
            })
    void attachment(String namespace, String target, boolean service, boolean direct) {
        for (String field : List.of("targetRefs: [" + target + "]", "targetRef: " + target)) {
            KubeObjects objects = policy("p", namespace, "action: DENY\nrules: [{}]\n" + field);
            assertThat(http(objects).isEmpty()).isNotEqualTo(service);
            assertThat(translator.forHttp(objects, ServiceInfo.DIRECT, WAYPOINT).isEmpty())
                    .isNotEqualTo(direct);
        }
    }

    @Test
    void withoutTargetItIsForZtunnelsOnly() {
        KubeObjects objects = policy(
                "p",
                "default",
                "selector: {matchLabels: {app: x}}\naction: DENY\nrules: [{to: [{operation: {paths: [/a]}}]}]");
        assertThat(http(objects)).isEqualTo(PolicySet.NONE);
        assertThat(translator.l4(objects, MESH)).singleElement().satisfies(p -> {
            assertThat(p.id()).isEqualTo("default/p");
            assertThat(p.workloadSelector()).isTrue();
            assertThat(p.action()).isEqualTo(L4Policy.Action.DENY);
            // recorded in authz-targets: a path that cannot be seen is ignored
            assertThat(p.condition()).isEqualTo(Condition.ANY);
        });
        assertThat(translator.selecting(objects, "default", Map.of("app", "x"), MESH))
                .containsExactly("default/p");
        assertThat(translator.selecting(objects, "default", Map.of("app", "y"), MESH))
                .isEmpty();
        assertThat(translator.selecting(objects, "other", Map.of("app", "x"), MESH))
                .isEmpty();
        assertThat(translator.findings(objects, MESH))
                .singleElement()
                .asString()
                .contains("AuthorizationPolicy default/p spec.rules", "more is denied", "targetRefs");
    }

    @Test
    void httpFieldsNeverMatchInAnAllowForZtunnels() {
        KubeObjects objects = policy("p", "istio-system", "rules: [{to: [{operation: {paths: [/a]}}]}]");
        assertThat(translator.l4(objects, MESH)).singleElement().satisfies(p -> {
            assertThat(p.namespace()).isEmpty();
            assertThat(p.condition()).isEqualTo(new Condition.Not(Condition.ANY));
        });
    }

    /** Case authz-actions: an ALLOW policy without rules denies all. */
    @Test
    void noRulesAllowNothing() {
        PolicySet set = http(policy("nothing", "default", "targetRefs: [{kind: Service, name: reviews}]"));
        assertThat(set.allowEnforced()).isTrue();
        assertThat(set.allow())
                .extracting(PolicySet.Policy::condition)
                .containsExactly(new Condition.Not(Condition.ANY));
    }

    /** Case authz-tcp. */
    @Test
    void tcpDropsAllowRulesAndDenyFields() {
        String rules =
                "\nrules: [{to: [{operation: {methods: [GET]}}]}, {to: [{operation: {ports: ['90'], paths: [/x]}}]},"
                        + " {to: [{operation: {ports: ['70']}}]}]\ntargetRefs: [{kind: Service, name: reviews}]";
        PolicySet allow = translator.forTcp(policy("p", "default", "action: ALLOW" + rules), REVIEWS, WAYPOINT);
        assertThat(allow.allowEnforced()).isTrue();
        assertThat(allow.allow()).extracting(PolicySet.Policy::id).containsExactly("ns[default]-policy[p]-rule[2]");
        PolicySet deny = translator.forTcp(policy("p", "default", "action: DENY" + rules), REVIEWS, WAYPOINT);
        assertThat(deny.deny())
                .extracting(PolicySet.Policy::condition)
                .containsExactly(
                        Condition.ANY, new Condition.DestinationPort(90, 90), new Condition.DestinationPort(70, 70));
    }

    /** Case authz-dryrun. */
    @ParameterizedTest
    @CsvSource({
        "ALLOW,true,false,0,0,1",
        "ALLOW,false,true,0,0,0",
        "DENY,true,false,0,1,0",
        "DENY,1,false,0,1,0",
        "DENY,no,false,1,0,0"
    })
    void dryRun(String action, String annotation, boolean allowEnforced, int deny, int dryDeny, int dryAllow) {
        PolicySet set = http(annotated(
                "p",
                "default",
                Map.of("istio.io/dry-run", annotation),
                "action: " + action + "\ntargetRefs: [{kind: Service, name: reviews}]\nrules: [{}]"));
        assertThat(set.allowEnforced()).isEqualTo(allowEnforced);
        assertThat(set.deny()).hasSize(deny);
        assertThat(set.dryRunDeny()).hasSize(dryDeny);
        assertThat(set.dryRunAllow()).hasSize(dryAllow);
    }

    /** Cases ext-allow and ext-order. */
    @Test
    void customNamesItsProvider() {
        String spec = "action: CUSTOM\nprovider: {name: %s}\ntargetRefs: [{kind: Service, name: reviews}]\nrules: [{}]";
        KubeObject one = object("one", "default", Map.of(), spec.replace("%s", "ext"));
        KubeObject two = object("two", "default", Map.of(), spec.replace("%s", "ext2"));
        assertThat(http(new KubeObjects(List.of(one))).custom()).singleElement().satisfies(p -> {
            assertThat(p.id()).isEqualTo("istio-ext-authz-ext-ns[default]-policy[one]-rule[0]");
            assertThat(p.provider()).isEqualTo("ext");
        });
        PolicySet both = http(new KubeObjects(List.of(one, two)));
        assertThat(both.custom()).isEmpty();
        assertThat(both.deny())
                .extracting(PolicySet.Policy::id)
                .containsExactly(
                        "istio-ext-authz-ext-ns[default]-policy[one]-rule[0]-deny-due-to-bad-CUSTOM-action",
                        "istio-ext-authz-ext2-ns[default]-policy[two]-rule[0]-deny-due-to-bad-CUSTOM-action");
    }

    @Test
    void auditDecidesNothing() {
        PolicySet set = http(
                policy("look", "default", "action: AUDIT\ntargetRefs: [{kind: Service, name: reviews}]\nrules: [{}]"));
        assertThat(set.audit()).hasSize(1);
        assertThat(set.allowEnforced()).isFalse();
        assertThat(set.deny()).isEmpty();
    }

    /** A waypoint's policies are read once, not for each of its services; the next version is read again. */
    @Test
    void servicesShareThePoliciesOfTheirWaypoint() {
        String target = "targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: waypoint}]\nrules: [{}]";
        KubeObjects objects = policy("p", "default", "action: DENY\n" + target);
        PolicySet first = http(objects);
        assertThat(translator.forHttp(objects, ServiceInfo.DIRECT, WAYPOINT)).isSameAs(first);
        assertThat(translator.forTcp(objects, REVIEWS, WAYPOINT).deny()).hasSize(1);
        assertThat(http(policy("p", "default", "action: ALLOW\n" + target)).deny())
                .isEmpty();
        assertThat(http(objects)).isEqualTo(first);
    }

    /** measured-behaviour.md, Authorization 11: the first id as text is named. */
    @Test
    void policiesAreSortedById() {
        String rules = "["
                + String.join(
                        ", ",
                        Arrays.asList(new String[11]).stream().map(x -> "{}").toList()) + "]";
        PolicySet set = http(
                policy("p", "default", "action: DENY\ntargetRefs: [{kind: Service, name: reviews}]\nrules: " + rules));
        assertThat(set.deny().subList(0, 3))
                .extracting(PolicySet.Policy::id)
                .containsExactly(
                        "ns[default]-policy[p]-rule[0]",
                        "ns[default]-policy[p]-rule[10]",
                        "ns[default]-policy[p]-rule[1]");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "rules: [{unknown: 1}]; spec.rules[0].unknown",
                "rules: [{from: [{source: {principal: [x]}}]}]; spec.rules[0].from[0].source.principal",
                "rules: [{to: [{operation: {path: [x]}}]}]; spec.rules[0].to[0].operation.path",
                "rules: [{to: [{operation: {}}]}]; spec.rules[0].to[0].operation",
                "rules: [{from: [{}]}]; spec.rules[0].from[0].source",
                "rules: [{from: [{source: {ipBlocks: [10.0.0.0/33]}}]}]; spec.rules[0].from[0].source.ipBlocks",
                "rules: [{to: [{operation: {ports: [http]}}]}]; spec.rules[0].to[0].operation.ports",
                "rules: [{when: [{key: 'request.cookies[x]', values: [a]}]}]; spec.rules[0].when[0].key",
                "rules: [{when: [{key: source.ip}]}]; spec.rules[0].when[0]",
                "rules: [{from: [{source: {serviceAccounts: ['a/b/c']}}]}]; spec.rules[0].from[0].source.serviceAccounts",
                "rules: [{to: [{operation: {paths: /x}}]}]; spec.rules[0].to[0].operation.paths",
                "new: 1; spec.new"
            })
    void whatIsNotUnderstoodFailsClosed(String yaml, String field) {
        for (String action : List.of("ALLOW", "DENY")) {
            KubeObjects objects = policy(
                    "p", "default", "action: " + action + "\ntargetRefs: [{kind: Service, name: reviews}]\n" + yaml);
            PolicySet set = http(objects);
            List<PolicySet.Policy> list = action.equals("ALLOW") ? set.allow() : set.deny();
            assertThat(list)
                    .singleElement()
                    .satisfies(p -> assertThat(p.condition()).isInstanceOf(Condition.NotUnderstood.class));
            assertThat(set.allowEnforced()).isEqualTo(action.equals("ALLOW"));
            assertThat(translator.findings(objects, MESH)).singleElement().satisfies(f -> {
                assertThat(f.severity()).isEqualTo(Finding.Severity.ERROR);
                assertThat(f.source().field()).isEqualTo(field);
                assertThat(f.toString()).contains("AuthorizationPolicy default/p", "fails closed");
            });
        }
    }

    @Test
    void unknownActionDenies() {
        PolicySet set = http(
                policy("p", "default", "action: REJECT\ntargetRefs: [{kind: Service, name: reviews}]\nrules: [{}]"));
        assertThat(set.deny())
                .singleElement()
                .satisfies(p -> assertThat(p.condition()).isInstanceOf(Condition.NotUnderstood.class));
    }

    private PolicySet http(KubeObjects objects) {
        return translator.forHttp(objects, REVIEWS, WAYPOINT);
    }

    private static KubeObjects policy(String name, String namespace, String spec) {
        return annotated(name, namespace, Map.of(), spec);
    }

    private static KubeObjects annotated(String name, String namespace, Map<String, String> annotations, String spec) {
        return new KubeObjects(List.of(object(name, namespace, annotations, spec)));
    }

    private static KubeObject object(String name, String namespace, Map<String, String> annotations, String spec) {
        try {
            JsonNode root = YAML.createObjectNode().set("spec", YAML.readTree(spec));
            return new KubeObject(
                    "security.istio.io/v1",
                    "AuthorizationPolicy",
                    namespace,
                    name,
                    "",
                    "",
                    new HashMap<>(),
                    annotations,
                    root,
                    "test");
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(spec, e);
        }
    }

    private static Arguments rule(String yaml, Condition expected) {
        return Arguments.of(yaml, expected);
    }

    private static Condition peer(String exact) {
        return new Condition.PeerPrincipal(ValueMatch.exact(exact));
    }

    private static Condition regex(String pattern) {
        return new Condition.PeerPrincipal(new ValueMatch.Regex(pattern));
    }

    private static Condition path(ValueMatch value) {
        return new Condition.Path(value);
    }

    private static Condition header(String name, ValueMatch value) {
        return new Condition.Header(new HeaderMatch(name, value));
    }

    private static Condition claim(String name, ValueMatch value) {
        return new Condition.Claim(List.of(name), value);
    }

    private static Condition or(Condition... any) {
        return new Condition.Or(new ArrayList<>(Arrays.asList(any)));
    }

    private static Condition and(Condition... all) {
        return new Condition.And(new ArrayList<>(Arrays.asList(all)));
    }

    private static Cidr cidr(String text) {
        return Cidr.parse(text).orElseThrow();
    }
}
