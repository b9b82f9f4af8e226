package io.milepost.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.milepost.mesh.Cidr;
import io.milepost.mesh.Condition;
import io.milepost.mesh.HeaderMatch;
import io.milepost.mesh.L4Policy;
import io.milepost.mesh.PolicySet;
import io.milepost.mesh.SourceRef;
import io.milepost.mesh.ValueMatch;
import io.netty.util.AsciiString;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Recorded in the cases authz-paths, authz-normalise, authz-when and authz-tcp; numbers of measured-behaviour.md. */
class CompiledPoliciesTest {
    private static final SourceRef SOURCE = new SourceRef("AuthorizationPolicy", "default", "p", "");

    private static PolicySet.Policy policy(String id, Condition c) {
        return new PolicySet.Policy(id, c, SOURCE);
    }

    private static CompiledPolicies deny(Condition... conditions) {
        return set(true, conditions);
    }

    private static CompiledPolicies allow(Condition... conditions) {
        return set(false, conditions);
    }

    private static CompiledPolicies set(boolean deny, Condition... conditions) {
        List<PolicySet.Policy> list = new java.util.ArrayList<>();
        for (int i = 0; i < conditions.length; i++) {
            list.add(policy("ns[default]-policy[p]-rule[" + i + "]", conditions[i]));
        }
        return CompiledPolicies.compile(new PolicySet(
                List.of(), List.of(), deny ? list : List.of(), !deny, deny ? List.of() : list, List.of(), List.of()));
    }

    private static boolean denies(Condition c, Attributes a) {
        return !deny(c).decide(a).allowed();
    }

    private static boolean allows(Condition c, Attributes a) {
        return allow(c).decide(a).allowed();
    }

    private record Row(Condition condition, String path, boolean matches) {}

    private static Row path(ValueMatch m, String path, boolean matches) {
        return new Row(new Condition.Path(m), path, matches);
    }

    private static Row template(String template, String path, boolean matches) {
        return new Row(new Condition.PathTemplate(template), path, matches);
    }

    private static final List<Row> PATHS = List.of(
            path(ValueMatch.exact("/exact"), "/exact", true),
            path(ValueMatch.exact("/exact"), "/exact?a=b", true),
            path(ValueMatch.exact("/exact"), "/exact/", false),
            path(ValueMatch.exact("/exact"), "/Exact", false),
            path(ValueMatch.prefix("/pre"), "/prefix/a", true),
            path(ValueMatch.prefix("/pre"), "/pr", false),
            path(ValueMatch.suffix(".json"), "/a.json?x=1", true),
            path(ValueMatch.suffix(".json"), "/a?x=b.json", false),
            template("/t/{*}", "/t/one", true),
            template("/t/{*}", "/t/", false),
            template("/t/{*}", "/t/one/two", false),
            template("/t/{*}", "/t/one/", false),
            template("/t/{*}", "/t/one?x=/y", true),
            template("/mid/{*}/end", "/mid/a-b_c.d~e/end", true),
            template("/mid/{*}/end", "/mid/a%20b/end", true),
            template("/mid/{*}/end", "/mid/a@b:c/end", true),
            template("/mid/{*}/end", "/mid/a/b/end", false),
            template("/deep/{**}", "/deep/a/b/c", true),
            template("/deep/{**}", "/deep/", true),
            template("/deep/{**}", "/deep", false),
            template("/both/{*}/x/{**}", "/both/a/x/y/z", true),
            template("/both/{*}/x/{**}", "/both/a/x", false),
            template("/tail/{**}/end", "/tail/a/b/end", true),
            template("/tail/{**}/end", "/tail/end", false),
            template("/tpl/{*}", "/tpl/a%2fb", true),
            template("/tpl/{*}", "/tpl//", false));

    @Test
    void paths() {
        assertThat(PATHS).allSatisfy(r -> {
            assertThat(denies(r.condition, Caller.get(r.path))).isEqualTo(r.matches);
            assertThat(allows(r.condition, Caller.get(r.path))).isEqualTo(r.matches);
        });
    }

    @Test
    void whatIsNotUnderstoodFailsClosedAlsoBelowNot() {
        Condition odd = new Condition.NotUnderstood("when key", SOURCE);
        Condition broken = new Condition.Path(new ValueMatch.Regex("/(a"));
        Condition oddTemplate = new Condition.PathTemplate("/a/{x}");
        for (Condition c : List.of(odd, broken, oddTemplate)) {
            assertThat(denies(c, Caller.get("/"))).isTrue();
            assertThat(denies(new Condition.Not(c), Caller.get("/"))).isTrue();
            assertThat(allows(c, Caller.get("/"))).isFalse();
            assertThat(allows(new Condition.Not(c), Caller.get("/"))).isFalse();
            // Something that surely does not match keeps the rule from matching, in either stage.
            Condition and = new Condition.And(List.of(c, new Condition.Path(ValueMatch.exact("/other"))));
            assertThat(denies(and, Caller.get("/"))).isFalse();
            Condition or = new Condition.Or(List.of(c, new Condition.Path(ValueMatch.exact("/"))));
            assertThat(allows(or, Caller.get("/"))).isTrue();
        }
    }

    /** Number 11: of several that match the first in sorted order is named. */
    @Test
    void theFirstIdInSortedOrderIsNamed() {
        CompiledPolicies p = CompiledPolicies.compile(new PolicySet(
                List.of(),
                List.of(),
                List.of(
                        policy("ns[default]-policy[z]-rule[0]", Condition.ANY),
                        policy("ns[default]-policy[a]-rule[1]", Condition.ANY)),
                false,
                List.of(),
                List.of(),
                List.of()));
        AuthzDecision d = p.decide(Caller.get("/"));
        assertThat(d.details()).isEqualTo("rbac_access_denied_matched_policy[ns[default]-policy[a]-rule[1]]");
        assertThat(d.source()).isEqualTo(SOURCE);
    }

    @Test
    void allowListsDenyTheRest() {
        AuthzDecision d = allow().decide(Caller.get("/"));
        assertThat(d.allowed()).isFalse();
        assertThat(d.details()).isEqualTo("rbac_access_denied_matched_policy[none]");
        assertThat(allow(Condition.ANY).decide(Caller.get("/")).allowed()).isTrue();
        assertThat(CompiledPolicies.NONE.decide(Caller.get("/")).allowed()).isTrue();
    }

    private static Condition header(String name, ValueMatch m) {
        return new Condition.Header(new HeaderMatch(name, m));
    }

    /** Numbers 8 and 9. */
    @Test
    void headersAndHosts() {
        Condition red = header("x-team", ValueMatch.exact("red"));
        assertThat(denies(red, Caller.get("/", "x-team", "red", "x-team", "yellow")))
                .isTrue();
        assertThat(denies(red, Caller.get("/", "x-team", "red, yellow"))).isFalse();
        assertThat(denies(red, Caller.get("/", "x-team", "Red"))).isFalse();
        assertThat(denies(header("x-team", ValueMatch.PRESENT), Caller.get("/", "x-team", "")))
                .isTrue();
        assertThat(denies(header("host", ValueMatch.exact("reviews-v1:9080")), Caller.get("/")))
                .isTrue();
        assertThat(denies(header(":authority", new ValueMatch.Exact("REVIEWS-v1:9080", true)), Caller.get("/")))
                .isTrue();
        assertThat(denies(header(":authority", new ValueMatch.Suffix("-v1", true)), Caller.get("/")))
                .isFalse();
        assertThat(denies(header(":method", ValueMatch.prefix("P")), Caller.http("PATCH", "/")))
                .isTrue();
    }

    @Test
    void peersAddressesAndPorts() {
        Condition namespace = new Condition.PeerPrincipal(new ValueMatch.Regex(".*/ns/default/.*"));
        assertThat(allows(namespace, Caller.get("/"))).isTrue();
        assertThat(allows(namespace, Caller.tcp(null))).isFalse();
        assertThat(denies(new Condition.Not(namespace), Caller.tcp(null))).isTrue();
        assertThat(allows(new Condition.PeerPrincipal(new ValueMatch.Regex(".+")), Caller.get("/")))
                .isTrue();
        assertThat(allows(
                        new Condition.PeerPrincipal(
                                new ValueMatch.Regex("spiffe://.+/ns/default/(.+/|)sa/client(/.+)?")),
                        Caller.get("/")))
                .isTrue();
        assertThat(allows(new Condition.SourceIp(cidr("127.2.0.0/16")), Caller.get("/")))
                .isTrue();
        assertThat(allows(new Condition.RemoteIp(cidr("10.0.0.9")), Caller.get("/")))
                .isTrue();
        assertThat(allows(new Condition.DestinationIp(cidr("10.96.0.31/32")), Caller.get("/")))
                .isTrue();
        assertThat(allows(new Condition.DestinationPort(9080, 9080), Caller.get("/")))
                .isTrue();
        assertThat(allows(new Condition.DestinationPort(1, 80), Caller.get("/")))
                .isFalse();
    }

    private static Cidr cidr(String s) {
        return Cidr.parse(s).orElseThrow();
    }

    /** Number 12: HTTP fields make an ALLOW rule useless on TCP and are dropped from a DENY rule. */
    @Test
    void httpFieldsOnTcp() {
        Condition paths = new Condition.Path(ValueMatch.exact("/admin"));
        Condition here = new Condition.And(List.of(paths, new Condition.DestinationPort(90, 90)));
        Condition elsewhere = new Condition.And(List.of(paths, new Condition.DestinationPort(91, 91)));
        Caller tcp = Caller.tcp("spiffe://cluster.local/ns/default/sa/client");
        assertThat(denies(paths, tcp)).isTrue();
        assertThat(denies(here, tcp)).isTrue();
        assertThat(denies(elsewhere, tcp)).isFalse();
        assertThat(allows(here, tcp)).isFalse();
        assertThat(denies(new Condition.Claim(List.of("iss"), ValueMatch.PRESENT), tcp))
                .isTrue();
    }

    @Test
    void claims() {
        Condition group = new Condition.Claim(List.of("a", "groups"), ValueMatch.exact("dev"));
        assertThat(allows(group, Caller.get("/"))).isFalse();
        assertThat(allows(group, Caller.get("/").withClaims(Map.of("a.groups", List.of("ops", "dev")))))
                .isTrue();
        assertThat(denies(new Condition.Not(group), Caller.get("/"))).isTrue();
    }

    /** RE2 does not match bytes that are no UTF-8; a DENY must not let them pass, an ALLOW must not take them. */
    @Test
    void expressionsOnOddBytesFailClosed() {
        AsciiString odd = new AsciiString(new byte[] {'a', 'd', 'm', 'i', 'n', (byte) 0xFF}, false);
        for (String pattern : List.of("admin.*", "[a-z]+.*", ".*x.*")) {
            StringMatcher m = StringMatcher.compile(new ValueMatch.Regex(pattern));
            assertThat(m.test(odd)).isEqualTo(Verdict.UNKNOWN);
            assertThat(m.matches(odd)).isFalse();
        }
        StringMatcher m = StringMatcher.compile(new ValueMatch.Regex("caf."));
        assertThat(m.matches(new AsciiString("café".getBytes(java.nio.charset.StandardCharsets.UTF_8), false)))
                .isTrue();
    }

    @Test
    void simpleExpressionsEqualTheEngine() {
        List<String> values = List.of("", "a", "x/ns/d/y", "/ns/d/", "ns/d", "a.b", "axb", "$", "a\nb", "é");
        List<String> patterns =
                List.of(".*", ".+", ".*/ns/d/.*", "^a.*", ".*b$", "a\\.b", "a.b", "\\$", ".*\\.*", "a", "^$", "a.*b");
        for (String p : patterns) {
            StringMatcher m = StringMatcher.compile(new ValueMatch.Regex(p));
            for (String v : values) {
                boolean expected = com.google.re2j.Pattern.matches(p, v);
                assertThat(m.matches(v)).as(p + " on " + v).isEqualTo(expected);
                byte[] b = ("<" + v + ">").getBytes(java.nio.charset.StandardCharsets.UTF_8);
                assertThat(m.matches(b, 1, b.length - 2))
                        .as(p + " on bytes of " + v)
                        .isEqualTo(expected);
            }
        }
    }

    @Test
    void providersOfCustomPolicies() {
        CompiledPolicies p = CompiledPolicies.compile(new PolicySet(
                List.of(
                        new PolicySet.Policy("b", Condition.ANY, "two", SOURCE),
                        new PolicySet.Policy("a", new Condition.NotUnderstood("x", SOURCE), "one", SOURCE),
                        new PolicySet.Policy("c", Condition.ANY, "one", SOURCE),
                        new PolicySet.Policy("d", new Condition.Not(Condition.ANY), "three", SOURCE)),
                List.of(),
                List.of(),
                false,
                List.of(),
                List.of(policy("dry", Condition.ANY)),
                List.of()));
        assertThat(p.customProviders(Caller.get("/"))).containsExactly("one", "two");
        AuthzDecision decision = p.decide(Caller.get("/"));
        assertThat(decision.allowed()).as("no provider is asked: refused").isFalse();
        // As recorded when the server of the provider is not there (ext-fail)
        assertThat(decision.details()).isEqualTo("ext_authz_error");
        assertThat(p.enforces()).isTrue();
        AuthzDecision dry = Objects.requireNonNull(p.dryRun(Caller.get("/")).deny());
        assertThat(dry.policyId()).isEqualTo("dry");
    }

    @Test
    void layer4() {
        Condition client = new Condition.PeerPrincipal(ValueMatch.suffix("/sa/client"));
        Caller tcp = Caller.tcp("spiffe://cluster.local/ns/default/sa/client");
        CompiledL4Policies p = CompiledL4Policies.compile(List.of(
                l4("default/deny", "default", true, L4Policy.Action.DENY, client),
                l4("default/allow", "default", false, L4Policy.Action.ALLOW, client),
                l4("other/allow", "other", false, L4Policy.Action.ALLOW, new Condition.Not(client)),
                l4("istio-system/mesh", "", false, L4Policy.Action.DENY, new Condition.DestinationPort(23, 23))));
        assertThat(p.decide(tcp, "default", List.of()).allowed()).isTrue();
        assertThat(p.decide(tcp, "default", List.of("default/deny", "default/unknown"))
                        .reason())
                .isEqualTo("explicitly denied by: default/deny");
        assertThat(p.decide(tcp, "other", List.of()).reason()).isEqualTo("allow policies exist, but none allowed");
        assertThat(p.decide(tcp, "third", List.of()).allowed()).isTrue();
        assertThat(p.decide(Caller.tcp(null), "default", List.of()).allowed()).isFalse();
    }

    private static L4Policy l4(String id, String namespace, boolean selector, L4Policy.Action action, Condition c) {
        return new L4Policy(id, namespace, selector, action, false, c, SOURCE);
    }
}
