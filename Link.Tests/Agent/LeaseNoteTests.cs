using Link.Core.Agent;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Agent;

public sealed class LeaseNoteTests
{
    [Fact]
    public void The_lease_of_a_process_of_this_machine_that_has_ended_is_known()
    {
        using var folder = new TemporaryFolder();
        string path = LeaseNote.PathBeside(folder.File("link.sock"))!;
        LeaseNote ended = Ended();
        Assert.Null(ended.Write(path));
        Assert.Null((ended with { LeaseId = 8 }).Write(path));
        Assert.Equal(ended with { LeaseId = 8 }, LeaseNote.Read(path, "web-1"));
        Assert.Null(LeaseNote.Read(path, "web-2"));
        Assert.Null(LeaseNote.PathBeside(null));
    }

    [Fact]
    public void A_process_that_lives_or_ran_elsewhere_and_what_is_no_note_proves_nothing()
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("note");
        Assert.Null(LeaseNote.Read(path, "web-1"));
        Assert.Null(new LeaseNote("web-1", 7, ProcessIdentity.Current().Process!).Write(path));
        Assert.Null(LeaseNote.Read(path, "web-1"));
        Assert.Null(new LeaseNote("web-1", 7, "another-boot/pid:[1]/1/1").Write(path));
        Assert.Null(LeaseNote.Read(path, "web-1"));
        foreach (string text in (string[])["", "no JSON", "[]", """{"lease_id":"x"}""", new string('x', 100_000)])
        {
            File.WriteAllText(path, text);
            Assert.Null(LeaseNote.Read(path, "web-1"));
        }
    }

    [Fact]
    public void A_place_where_nothing_can_be_written_is_told() =>
        Assert.NotNull(Ended().Write("/nowhere/at/all/note"));

    /// <summary>Our own process as it would be with another start time: one that had our number before us.</summary>
    private static LeaseNote Ended()
    {
        string process = ProcessIdentity.Current().Process!;
        return new LeaseNote("web-1", 7, $"{process[..process.LastIndexOf('/')]}/1");
    }
}
