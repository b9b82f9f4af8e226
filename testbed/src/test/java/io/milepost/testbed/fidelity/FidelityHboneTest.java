package io.milepost.testbed.fidelity;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.DynamicNode;
import org.junit.jupiter.api.TestFactory;

/** The recorded cases once more, with pods that speak HBONE (the recording tool's HBONE=1). */
class FidelityHboneTest {
    @TestFactory
    List<DynamicNode> cases() throws IOException {
        return FidelitySuite.nodes(true);
    }
}
