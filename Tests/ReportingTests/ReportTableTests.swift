import Reporting
import Testing

@Suite struct ReportTableTests {
  static func table() -> ReportTable {
    var table = ReportTable(columns: [
      .init("network", .text), .init("top1", .percent), .init("stored", .bits), .init("model_bytes", .bytes),
    ])
    table.add([
      "network": .text("FP32"), "top1": .number(92.125), "stored": .number(32),
      "model_bytes": .number(1_234_567),
    ])
    table.add([
      "network": .text("a \"b\", c"), "top1": .number(.nan), "stored": .missing, "model_bytes": .number(12),
    ])
    table.note("a remark")
    return table
  }

  @Test func textIsAligned() {
    #expect(
      Self.table().text == """
        network   top1 %  stored  model bytes
        --------  ------  ------  -----------
        FP32       92.13  32.000    1,234,567
        a "b", c     nan       -           12
        a remark

        """)
  }

  @Test func jsonIsOneObjectALineWithNullForWhatIsNotKnown() {
    #expect(
      Self.table().jsonLines == """
        {"network": "FP32", "top1": 92.125, "stored": 32, "model_bytes": 1234567}
        {"network": "a \\"b\\", c", "top1": null, "stored": null, "model_bytes": 12}

        """)
  }

  @Test func csvQuotesWhatNeedsQuotes() {
    #expect(
      Self.table().csv
        == "network,top1,stored,model_bytes\r\nFP32,92.125,32,1234567\r\n\"a \"\"b\"\", c\",,,12\r\n")
  }
}
