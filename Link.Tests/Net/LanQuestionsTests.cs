using Link.Core.Net;
using Xunit;

namespace Link.Tests.Net;

public sealed class LanQuestionsTests
{
    private static readonly MacAddress s_own = MacAddress.Parse("02:00:00:00:00:05");
    private static readonly MacAddress s_lower = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress s_higher = MacAddress.Parse("02:00:00:00:00:09");
    private static readonly HostAddress s_address = HostAddress.Parse("10.0.0.1");

    private readonly LinkTable _links = new();
    private readonly FakeFrames _frames = new();
    private readonly List<LanAnswer> _answers = [];
    private readonly LanWatch _watch;
    private readonly LanQuestions _questions;

    public LanQuestionsTests()
    {
        _links.Set(new NetworkLink(2, "eth0", s_own, true, true, false, false), out _);
        _watch = new LanWatch(_links);
        _questions = new LanQuestions(_links, _watch, _frames);
    }

    [Fact]
    public void Three_probes_without_an_answer_mean_that_nobody_is_there()
    {
        _questions.Ask(s_address, "eth0", 0, _answers.Add);
        var end = RunUntilAnswered(0);
        Assert.Equal(new LanAnswer(s_address, LanVerdict.Silent), Assert.Single(_answers));
        Assert.Equal(LanQuestions.Probes, _frames.Sent.Count);
        Assert.Equal(LanQuestions.WindowMs, end);
        Assert.Null(_questions.NextDueMs);
        Assert.Equal(0, _watch.IPv4Count);
    }

    [Fact]
    public void An_answer_ends_the_question_at_once()
    {
        _questions.Ask(s_address, "eth0", 0, _answers.Add);
        _questions.Tick(0);
        _questions.Heard(new Sighting(IgnoredBecause.None, s_address, s_higher, IsProbe: false));
        Assert.Equal(new LanAnswer(s_address, LanVerdict.Answered, s_higher), Assert.Single(_answers));
        _questions.Tick(10_000);
        Assert.Single(_answers);
        Assert.Single(_frames.Sent);
    }

    [Fact]
    public void Of_two_that_ask_the_lower_hardware_address_goes_on()
    {
        _questions.Ask(s_address, "eth0", 0, _answers.Add);
        _questions.Heard(new Sighting(IgnoredBecause.None, s_address, s_higher, IsProbe: true));
        Assert.Empty(_answers);
        _questions.Heard(new Sighting(IgnoredBecause.None, s_address, s_lower, IsProbe: true));
        Assert.Equal(new LanAnswer(s_address, LanVerdict.Contended, s_lower), Assert.Single(_answers));
    }

    [Fact]
    public void A_lower_one_that_asked_a_moment_before_us_goes_first()
    {
        _watch.Add(s_address, "eth0", WatchReasons.Standby);
        _watch.Tell(new Sighting(IgnoredBecause.None, s_address, s_lower, IsProbe: true), nowMs: 1000);
        _questions.Ask(s_address, "eth0", 1400, _answers.Add);
        Assert.Equal(LanVerdict.Contended, Assert.Single(_answers).Verdict);
        _questions.Ask(s_address, "eth0", 1000 + LanQuestions.WindowMs + 1, _answers.Add);
        Assert.Single(_answers);
    }

    [Fact]
    public void Without_an_interface_the_verdict_is_unknown_and_says_why()
    {
        _questions.Ask(s_address, "eth7", 0, _answers.Add);
        Assert.Equal(new LanAnswer(s_address, LanVerdict.Unknown, Reason: "eth7 does not exist"), Assert.Single(_answers));
    }

    [Fact]
    public void A_carrier_lost_on_the_way_makes_the_verdict_unknown()
    {
        _questions.Ask(s_address, "eth0", 0, _answers.Add);
        _questions.Tick(0);
        _links.Set(new NetworkLink(2, "eth0", s_own, true, HasCarrier: false, false, false), out _);
        RunUntilAnswered(0);
        Assert.Equal(new LanAnswer(s_address, LanVerdict.Unknown, Reason: "eth0 has no carrier"), Assert.Single(_answers));
    }

    [Fact]
    public void Probes_that_the_kernel_refuses_make_the_verdict_unknown()
    {
        _frames.Errno = 100;
        _questions.Ask(s_address, "eth0", 0, _answers.Add);
        RunUntilAnswered(0);
        Assert.Equal(LanVerdict.Unknown, Assert.Single(_answers).Verdict);
        Assert.Contains("Network is down", _answers[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_thousand_questions_are_spread_and_each_waits_its_time()
    {
        for (var i = 0; i < 1000; i++)
            _questions.Ask(new HostAddress([10, 1, (byte)(i >> 8), (byte)i]), "eth0", 0, _answers.Add);
        for (var now = 0L; _questions.NextDueMs is not null; now = _questions.NextDueMs ?? now)
        {
            _questions.Tick(now);
            Assert.InRange(_frames.Sent.Count, 0, 200 + now);
        }

        Assert.Equal(1000, _answers.Count);
        Assert.All(_answers, a => Assert.Equal(LanVerdict.Silent, a.Verdict));
        Assert.Equal(3000, _frames.Sent.Count);
    }

    private long RunUntilAnswered(long now)
    {
        while (_answers.Count == 0)
        {
            _questions.Tick(now);
            now = _questions.NextDueMs ?? now;
        }

        return now;
    }
}
