package io.milepost.testbed.structure;

import static com.tngtech.archunit.base.DescribedPredicate.alwaysTrue;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The rules of docs/architecture.md, on the compiled classes of all modules. */
class ArchitectureTest {
    private static final JavaClasses ALL = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.milepost");

    /** Module to the modules that it may use: arrows point down only. */
    private static final Map<String, List<String>> MAY_USE = Map.of(
            "mesh", List.of(),
            "http", List.of(),
            "hbone", List.of("mesh"),
            "policy", List.of("mesh", "http"),
            "filters", List.of("mesh", "http", "policy"),
            "telemetry", List.of("mesh", "http"),
            "config", List.of("mesh"),
            "waypoint", List.of("mesh", "http", "hbone", "policy", "filters", "telemetry", "config"),
            "ztunnel", List.of("mesh", "http", "hbone", "policy", "telemetry", "config"));

    @TestFactory
    Stream<DynamicTest> modulesUseOnlyWhatStandsBelow() {
        return MAY_USE.keySet().stream()
                .sorted()
                .map(module -> DynamicTest.dynamicTest(module, () -> {
                    List<String> allowed = new ArrayList<>(MAY_USE.get(module));
                    allowed.add(module);
                    String[] ours =
                            allowed.stream().map(m -> "io.milepost." + m + "..").toArray(String[]::new);
                    noClasses()
                            .that()
                            .resideInAPackage("io.milepost." + module + "..")
                            .should()
                            .dependOnClassesThat(resideInAPackage("io.milepost..")
                                    .and(resideInAnyPackage(ours).negate()))
                            .because("arrows point down only")
                            .check(ALL);
                }));
    }

    @Test
    void everyModuleIsThere() {
        Set<String> found = new TreeSet<>();
        ALL.forEach(c -> found.add(c.getPackageName().split("\\.", -1)[2]));
        assertThat(found).as("a new module needs its line in this test").containsAll(MAY_USE.keySet());
        found.removeAll(MAY_USE.keySet());
        assertThat(found).isSubsetOf("testbed", "testsupport", "bench");
    }

    @Test
    void packagesHaveNoCycles() {
        slices().matching("io.milepost.(**)").should().beFreeOfCycles().check(ALL);
    }

    @Test
    void modelKnowsNothingButJava() {
        classes()
                .that()
                .resideInAPackage("io.milepost.mesh..")
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage("java..", "org.jspecify..", "io.milepost.mesh.."))
                .check(ALL);
    }

    /** AsciiString and its helpers are what Netty may give to decisions; channels, codecs and sockets are I/O. */
    @Test
    void decisionsDoNoInputAndOutput() {
        noClasses()
                .that()
                .resideInAnyPackage("io.milepost.http..", "io.milepost.policy..", "io.milepost.filters..")
                .should()
                .dependOnClassesThat(resideInAnyPackage(
                                "io.netty.channel..",
                                "io.netty.handler..",
                                "io.netty.bootstrap..",
                                "com.linecorp.armeria..",
                                "java.nio.channels..",
                                "java.net.http..")
                        .or(com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo(java.net.Socket.class)))
                .check(ALL);
    }

    @Test
    void telemetryDoesNotMoveRequests() {
        noClasses()
                .that()
                .resideInAPackage("io.milepost.telemetry..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty.channel..", "io.netty.handler..", "com.linecorp.armeria..")
                .check(ALL);
    }

    @Test
    void translationDoesNotKnowTheDataPath() {
        noClasses()
                .that()
                .resideInAPackage("io.milepost.config.kube..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.netty.channel..", "io.netty.handler..", "com.linecorp.armeria..")
                .check(ALL);
    }

    @Test
    void dataPathDoesNotKnowItsOperators() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.milepost.waypoint.codec..",
                        "io.milepost.waypoint.exchange..",
                        "io.milepost.waypoint.upstream..",
                        "io.milepost.waypoint.observe..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.milepost.waypoint.admin..")
                .check(ALL);
    }

    @Test
    void codecsDoNotKnowRouting() {
        noClasses()
                .that()
                .resideInAPackage("io.milepost.waypoint.codec..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.milepost.waypoint.exchange..",
                        "io.milepost.waypoint.upstream..",
                        "io.milepost.policy..",
                        "io.milepost.config..")
                .check(ALL);
    }

    /** Backtracking lets whoever writes a route stop the event loops; RE2 is linear. */
    @Test
    void decisionsUseLinearRegularExpressions() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        "io.milepost.policy..",
                        "io.milepost.filters..",
                        "io.milepost.telemetry..",
                        "io.milepost.waypoint..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.util.regex..")
                .check(ALL);
    }

    @Test
    void nobodySleeps() {
        noClasses()
                .that(resideInAPackage("io.milepost.testbed..").negate())
                .should()
                .callMethod(Thread.class, "sleep", long.class)
                .orShould()
                .callMethod(Thread.class, "sleep", java.time.Duration.class)
                .check(ALL);
    }

    @Test
    void everyPackageSaysWhatLivesThereAndIsNullMarked() {
        Set<String> without = new TreeSet<>();
        for (JavaClass c : ALL.that(alwaysTrue())) {
            if (!c.getPackage().isAnnotatedWith(NullMarked.class)) {
                without.add(c.getPackageName());
            }
        }
        assertThat(without)
                .as("packages without a package-info.java with @NullMarked")
                .isEmpty();
    }
}
