using System.Text;

namespace Link.Core.Logging;

/// <summary>
/// The agent's log. Callers format a line and put it into a bounded queue; one thread writes. So a reader that does not read, a full
/// disk or a closed pipe never stops the agent: lines are lost then, and a line says how many when writing works again.
/// </summary>
internal sealed class Log : IDisposable
{
    private const int DefaultCapacity = 4096;

    private static readonly TimeSpan LastFlush = TimeSpan.FromSeconds(1);

    private readonly LogFormat _format;
    private readonly Stream _output;
    private readonly TimeProvider _time;
    private readonly int _capacity;
    private readonly Thread _writer;

    // Guarded by _queue: everything below.
    private readonly Queue<string> _queue = new();
    private long _unreported;
    private bool _writing;
    private bool _ended;

    /// <param name="capacity">Lines that may wait. Default 4096.</param>
    public Log(LogLevel minimum, LogFormat format, Stream output, TimeProvider time, int capacity = DefaultCapacity)
    {
        Minimum = minimum;
        _format = format;
        _output = output;
        _time = time;
        _capacity = capacity;
        _writer = new Thread(WriteLines) { IsBackground = true, Name = "log" };
        _writer.Start();
    }

    /// <summary>Lines below this level are not written. May be changed at any time.</summary>
    public LogLevel Minimum { get; set; }

    /// <summary>A log on standard error, in the format of whoever reads it: journald, a terminal or a file.</summary>
    public static Log OpenStandardError(LogLevel minimum, IReadOnlyDictionary<string, string> environment)
    {
        var format = JournalStream.IsStandardError(environment) ? LogFormat.Journal
            : !Console.IsErrorRedirected && !environment.ContainsKey("NO_COLOR") && environment.GetValueOrDefault("TERM") is not (null or "dumb") ? LogFormat.Colour
            : LogFormat.Plain;
        return new Log(minimum, format, Console.OpenStandardError(), TimeProvider.System);
    }

    public bool IsEnabled(LogLevel level) => level >= Minimum;

    public void Debug(string message, params ReadOnlySpan<(string Name, object? Value)> fields) => Write(LogLevel.Debug, message, fields);

    public void Info(string message, params ReadOnlySpan<(string Name, object? Value)> fields) => Write(LogLevel.Info, message, fields);

    public void Warning(string message, params ReadOnlySpan<(string Name, object? Value)> fields) => Write(LogLevel.Warning, message, fields);

    public void Error(string message, params ReadOnlySpan<(string Name, object? Value)> fields) => Write(LogLevel.Error, message, fields);

    /// <param name="message">Fixed words: what happened. What differs from time to time goes into the fields.</param>
    public void Write(LogLevel level, string message, params ReadOnlySpan<(string Name, object? Value)> fields)
    {
        if (!IsEnabled(level))
            return;

        var line = LogLine.Format(_format, _time.GetUtcNow(), level, message, fields);
        lock (_queue)
        {
            if (_ended || _queue.Count >= _capacity)
            {
                _unreported++;
                return;
            }

            _queue.Enqueue(line);
            Monitor.PulseAll(_queue);
        }
    }

    /// <summary>Waits until everything is written. False: not within the timeout.</summary>
    public bool Flush(TimeSpan timeout)
    {
        var end = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        lock (_queue)
        {
            while (_queue.Count > 0 || _writing)
            {
                var left = end - Environment.TickCount64;
                if (left <= 0 || !_writer.IsAlive)
                    return false;
                Monitor.Wait(_queue, TimeSpan.FromMilliseconds(left));
            }
        }

        return true;
    }

    /// <summary>Writes what waits, for a second at most, and ends. The stream stays open.</summary>
    public void Dispose()
    {
        Flush(LastFlush);
        lock (_queue)
        {
            _ended = true;
            Monitor.PulseAll(_queue);
        }
    }

    private void WriteLines()
    {
        var batch = new List<string>();
        while (TakeBatch(batch, out var lost))
        {
            var text = new StringBuilder();
            foreach (var line in batch)
                text.Append(line).Append('\n');
            if (lost > 0)
                text.Append(LogLine.Format(_format, _time.GetUtcNow(), LogLevel.Warning, "log lines lost", [("count", lost)])).Append('\n');

            var written = TryWrite(text.ToString());
            lock (_queue)
            {
                if (!written)
                    _unreported += batch.Count + lost;
                _writing = false;
                Monitor.PulseAll(_queue);
            }
        }
    }

    private bool TakeBatch(List<string> batch, out long lost)
    {
        batch.Clear();
        lost = 0;
        lock (_queue)
        {
            while (_queue.Count == 0)
            {
                if (_ended)
                    return false;
                Monitor.Wait(_queue);
            }

            while (_queue.TryDequeue(out var line))
                batch.Add(line);
            (lost, _unreported) = (_unreported, 0);
            _writing = true;
            return true;
        }
    }

    private bool TryWrite(string text)
    {
        try
        {
            _output.Write(Encoding.UTF8.GetBytes(text));
            _output.Flush();
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or NotSupportedException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
