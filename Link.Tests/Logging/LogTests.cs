using Link.Core.Logging;
using Xunit;

namespace Link.Tests.Logging;

public sealed class LogTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly GatedStream _output = new();

    [Fact]
    public void Lines_below_the_level_are_not_written()
    {
        using var log = Open();

        log.Debug("no");
        log.Info("yes", ("n", 1));
        log.Minimum = LogLevel.Error;
        log.Warning("no");
        log.Error("yes", ("n", 2));

        Assert.True(log.Flush(Patience));
        Assert.Equal(["<6>yes n=1", "<3>yes n=2"], _output.Lines());
    }

    [Fact]
    public void A_reader_that_does_not_read_stops_nobody_and_lost_lines_are_counted()
    {
        using var log = Open(capacity: 2);
        _output.CloseGate();
        log.Info("under way");
        _output.WaitForWriter();

        for (var i = 0; i < 5; i++)
            log.Info("line", ("n", i));
        Assert.False(log.Flush(TimeSpan.FromMilliseconds(1)));
        _output.OpenGate();

        Assert.True(log.Flush(Patience));
        Assert.Equal(["<6>under way", "<6>line n=0", "<6>line n=1", "<4>log lines lost count=3"], _output.Lines());
    }

    [Fact]
    public void A_full_disk_loses_lines_and_tells_when_there_is_room_again()
    {
        using var log = Open();
        _output.IsFull = true;
        log.Info("lost");
        Assert.True(log.Flush(Patience));

        _output.IsFull = false;
        log.Info("written");

        Assert.True(log.Flush(Patience));
        Assert.Equal(["<6>written", "<4>log lines lost count=1"], _output.Lines());
    }

    [Fact]
    public void What_waits_is_written_at_the_end()
    {
        var log = Open();
        log.Info("last words");

        log.Dispose();
        log.Info("too late");

        Assert.Equal(["<6>last words"], _output.Lines());
    }

    [Theory]
    [InlineData("8:12345", "socket:[12345]", true)]
    [InlineData("8:12345", "socket:[1234]", false)]
    [InlineData("8:12345", "pipe:[12345]", false)]
    [InlineData("8:12345", null, false)]
    [InlineData("12345", "socket:[12345]", false)]
    [InlineData("8:", "socket:[]", false)]
    public void The_journal_is_known_by_the_inode_of_its_socket(string stream, string? link, bool expected) => Assert.Equal(expected, JournalStream.Matches(stream, link));

    [Fact]
    public void Without_the_variable_there_is_no_journal() => Assert.False(JournalStream.IsStandardError(new Dictionary<string, string>()));

    private Log Open(int capacity = 100) => new(LogLevel.Info, LogFormat.Journal, _output, TimeProvider.System, capacity);
}
