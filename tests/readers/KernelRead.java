// SPDX-License-Identifier: Apache-2.0
import io.delta.kernel.Scan;
import io.delta.kernel.Table;
import io.delta.kernel.data.FilteredColumnarBatch;
import io.delta.kernel.data.Row;
import io.delta.kernel.defaults.engine.DefaultEngine;
import io.delta.kernel.engine.Engine;
import io.delta.kernel.internal.InternalScanFileUtils;
import io.delta.kernel.internal.data.ScanStateRow;
import io.delta.kernel.internal.util.Utils;
import io.delta.kernel.types.*;
import io.delta.kernel.utils.CloseableIterator;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;

/** Reads a Delta table with Delta Kernel and prints a line per row: cells between tabs, each hex of its text, ~ for NULL. */
public class KernelRead {
    static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        Engine engine = DefaultEngine.create(new Configuration());
        Scan scan = Table.forPath(engine, args[0]).getLatestSnapshot(engine).getScanBuilder().build();
        Row state = scan.getScanState(engine);
        try (CloseableIterator<FilteredColumnarBatch> batches = scan.getScanFiles(engine)) {
            while (batches.hasNext()) {
                try (CloseableIterator<Row> files = batches.next().getRows()) {
                    while (files.hasNext()) read(engine, state, files.next());
                }
            }
        }
        out.flush();
    }

    static void read(Engine engine, Row state, Row file) throws Exception {
        var data = engine.getParquetHandler()
            .readParquetFiles(Utils.singletonCloseableIterator(InternalScanFileUtils.getAddFileStatus(file)),
                ScanStateRow.getPhysicalDataReadSchema(state), Optional.empty())
            .map(result -> result.getData());
        try (CloseableIterator<FilteredColumnarBatch> logical = Scan.transformPhysicalData(engine, state, file, data)) {
            while (logical.hasNext()) {
                try (CloseableIterator<Row> rows = logical.next().getRows()) {
                    while (rows.hasNext()) print(rows.next());
                }
            }
        }
    }

    static void print(Row row) {
        StructType schema = row.getSchema();
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < schema.length(); i++) {
            if (i > 0) line.append('\t');
            if (row.isNullAt(i)) line.append('~');
            else line.append(HEX.formatHex(cell(row, i, schema.at(i).getDataType())));
        }
        out.println(line);
    }

    static byte[] cell(Row row, int i, DataType t) {
        if (t instanceof BinaryType) return row.getBinary(i);
        Object v = t instanceof BooleanType ? row.getBoolean(i)
            : t instanceof ByteType ? row.getByte(i)
            : t instanceof ShortType ? row.getShort(i)
            : t instanceof IntegerType || t instanceof DateType ? row.getInt(i)
            : t instanceof LongType || t instanceof TimestampType || t instanceof TimestampNTZType ? row.getLong(i)
            : t instanceof FloatType ? (double) row.getFloat(i)
            : t instanceof DoubleType ? row.getDouble(i)
            : t instanceof DecimalType ? row.getDecimal(i).setScale(((DecimalType) t).getScale()).toPlainString()
            : row.getString(i);
        return v.toString().getBytes(StandardCharsets.UTF_8);
    }
}
